#include "context.h"

SEC("tc")
__attribute__((naked)) int program(struct __sk_buff *skb) {
  asm volatile(
      "call 5\n" // bpf_ktime_get_ns
      "r2 = r0\n if r2 s> 16 goto 1f\n" // at most 16, but perhaps below zero
      "r1 = r10\n r1 += -16\n r3 = 0\n call 113\n" // bpf_probe_read_kernel
      "1: r0 = 0\n exit");
}

LICENSE("GPL");
