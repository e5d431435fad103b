#include "context.h"

SEC("tc")
__attribute__((naked)) int program(struct __sk_buff *skb) {
  asm volatile(
      "r5 = *(u32 *)(r1 + 8)\n r5 &= 15\n" // mark: from 0 to 15
      "r0 = 0\n *(u64 *)(r10 - 8) = r0\n *(u64 *)(r10 - 16) = r0\n"
      "r2 = 0\n r3 = r10\n r3 += -16\n r4 = r5\n call 26\n" // bpf_skb_load_bytes
      "r0 = 0\n exit");
}

LICENSE("GPL");
