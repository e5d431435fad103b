#include "context.h"

SEC("tc")
__attribute__((naked)) int program(struct __sk_buff *skb) {
  asm volatile(
      "r2 = *(u32 *)(r1 + 8)\n r2 &= 255\n" // mark: from 0 to 255
      "r3 = r10\n r3 += r2\n r0 = *(u8 *)(r3 - 8)\n exit");
}

LICENSE("GPL");
