#include "context.h"

struct {
  UINT(type, BPF_MAP_TYPE_RINGBUF);
  UINT(max_entries, 4096);
} events SEC(".maps");

SEC("tc")
__attribute__((naked)) int program(struct __sk_buff *context) {
  // The record has 8 bytes.
  asm volatile(
      "r1 = %[events] ll\n"
      "r2 = 8\n"
      "r3 = 0\n"
      "call 131\n"
      "if r0 == 0 goto 1f\n"
      "r6 = r0\n"
      "r1 = *(u64 *)(r6 + 8)\n"
      "r1 = r6\n"
      "r2 = 0\n"
      "call 132\n"
      "1: r0 = 0\n"
      "exit\n"
      :
      : [events] "i"(&events));
}

LICENSE("GPL");
