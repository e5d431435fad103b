#include "context.h"

SEC("tc")
__attribute__((naked)) int program(struct __sk_buff *context) {
  // The context takes only offsets that are constant.
  asm volatile(
      "r2 = *(u32 *)(r1 + 8)\n"
      "r2 &= 4\n"
      "r1 += r2\n"
      "r0 = *(u32 *)(r1 + 0)\n"
      "exit\n");
}

LICENSE("GPL");
