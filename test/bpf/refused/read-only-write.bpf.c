#include "context.h"

SEC("cgroup_skb/egress")
__attribute__((naked)) int program(struct __sk_buff *skb) {
  asm volatile(
      "r2 = *(u32 *)(r1 + 76)\n r3 = *(u32 *)(r1 + 80)\n r4 = r2\n r4 += 4\n r0 = 1\n"
      "if r4 > r3 goto 1f\n *(u8 *)(r2 + 0) = 0\n 1: exit"); // this program type may not write the packet
}

LICENSE("GPL");
