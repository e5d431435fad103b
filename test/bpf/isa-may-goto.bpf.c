// may_goto: a loop that the verifier need not bound. Linux 6.9.
// build: -mcpu=v4
#include "context.h"

LICENSE("GPL");

u64 sum;
u32 limit = 100;

SEC("syscall")
int loop(void *context) {
  u64 total = 0;
  for (u32 i = 0; i < limit; i++) {
    asm volatile goto("may_goto %l[done]" : : : : done);
    total += i;
  }
done:
  sum = total;
  return 0;
}
