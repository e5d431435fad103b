// Load-acquire and store-release. Linux 6.15.
// build: -mcpu=v4
#include "context.h"

LICENSE("GPL");

u8 byte;
u16 half;
u32 word;
u64 wide;
u64 result;

SEC("syscall")
int order(void *context) {
  result = __atomic_load_n(&byte, __ATOMIC_ACQUIRE) + __atomic_load_n(&half, __ATOMIC_ACQUIRE) +
           __atomic_load_n(&word, __ATOMIC_ACQUIRE) + __atomic_load_n(&wide, __ATOMIC_ACQUIRE);
  __atomic_store_n(&byte, 1, __ATOMIC_RELEASE);
  __atomic_store_n(&half, 2, __ATOMIC_RELEASE);
  __atomic_store_n(&word, 3, __ATOMIC_RELEASE);
  __atomic_store_n(&wide, 4, __ATOMIC_RELEASE);
  return 0;
}
