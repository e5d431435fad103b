#include "context.h"

SEC("tc")
__attribute__((naked)) int program(struct __sk_buff *context) {
  // bpf_sk_release() takes only a socket that a lookup returned.
  asm volatile(
      "r1 = *(u64 *)(r1 + 168)\n"
      "r0 = 0\n"
      "if r1 == 0 goto 1f\n"
      "call 86\n"
      "1: r0 = 0\n"
      "exit\n");
}

LICENSE("GPL");
