#include "context.h"

SEC("tc")
__attribute__((naked)) int program(struct __sk_buff *context) {
  // One load reads the context on one path and the stack on the other.
  asm volatile(
      "r0 = 0\n"
      "*(u64 *)(r10 - 8) = r0\n"
      "r3 = r1\n"
      "r2 = *(u32 *)(r1 + 8)\n"
      "if r2 == 0 goto 1f\n"
      "r3 = r10\n"
      "r3 += -8\n"
      "1: r0 = *(u32 *)(r3 + 0)\n"
      "exit\n");
}

LICENSE("GPL");
