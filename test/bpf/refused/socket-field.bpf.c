#include "context.h"

SEC("tc")
__attribute__((naked)) int program(struct __sk_buff *context) {
  // struct bpf_sock ends before offset 120.
  asm volatile(
      "r1 = *(u64 *)(r1 + 168)\n"
      "r0 = 0\n"
      "if r1 == 0 goto 1f\n"
      "r0 = *(u32 *)(r1 + 120)\n"
      "1: exit\n");
}

LICENSE("GPL");
