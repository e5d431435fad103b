// Atomic operations: all that v3 has, with and without the old value, of 32 and 64 bits.
// build: -mcpu=v3
// build as atomics-be: -mcpu=v3 -mbig-endian
#include "context.h"

LICENSE("GPL");

u64 wide = 10;
u32 narrow = 20;
u64 results[16];

SEC("syscall")
int operate(void *context) {
  __sync_fetch_and_add(&wide, 1);
  __sync_fetch_and_and(&wide, ~2ULL);
  __sync_fetch_and_or(&wide, 4);
  __sync_fetch_and_xor(&wide, 8);
  results[0] = __sync_fetch_and_add(&wide, 5);
  results[1] = __sync_fetch_and_sub(&wide, 3);
  results[2] = __sync_fetch_and_and(&wide, 0xff);
  results[3] = __sync_fetch_and_or(&wide, 0x100);
  results[4] = __sync_fetch_and_xor(&wide, 0x11);
  results[5] = __sync_lock_test_and_set(&wide, 99);
  results[6] = __sync_val_compare_and_swap(&wide, 99, 100);
  results[7] = __sync_fetch_and_add(&narrow, 1);
  results[8] = __sync_fetch_and_and(&narrow, 0xff);
  results[9] = __sync_fetch_and_or(&narrow, 0x100);
  results[10] = __sync_fetch_and_xor(&narrow, 0x11);
  results[11] = __sync_lock_test_and_set(&narrow, 99);
  results[12] = __sync_val_compare_and_swap(&narrow, 99, 100);
  __sync_fetch_and_add(&narrow, 2);
  return 0;
}
