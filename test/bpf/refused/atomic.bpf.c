#include "context.h"

SEC("tc")
__attribute__((naked)) int program(struct __sk_buff *context) {
  // Atomic operations work on maps and on the stack, not on the context.
  asm volatile(
      "r2 = 1\n"
      "lock *(u32 *)(r1 + 8) += r2\n"
      "r0 = 0\n"
      "exit\n");
}

LICENSE("GPL");
