// An indirect jump through a table (gotox), which the loader makes a map of type insn_array for. Linux 6.19.
// build: -mcpu=v4 -mllvm -bpf-min-jump-table-entries=4
#include "context.h"

LICENSE("GPL");

u32 selector;
u64 result;

SEC("syscall")
int choose(void *context) {
  switch (selector) {
    case 0: result = 13; break;
    case 1: result += 27; break;
    case 2: result ^= 31; break;
    case 3: result *= 5; break;
    case 4: result -= 91; break;
    case 5: result |= 1023; break;
    case 6: result &= 777; break;
    case 7: result <<= 3; break;
    default: result = 1;
  }
  return 0;
}
