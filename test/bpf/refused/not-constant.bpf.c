#include "context.h"

struct {
  UINT(type, BPF_MAP_TYPE_RINGBUF);
  UINT(max_entries, 4096);
} events SEC(".maps");

SEC("tc")
__attribute__((naked)) int program(struct __sk_buff *context) {
  // The size of a reserved record is a constant.
  asm volatile(
      "r2 = *(u32 *)(r1 + 8)\n"
      "r1 = %[events] ll\n"
      "r3 = 0\n"
      "call 131\n"
      "r0 = 0\n"
      "exit\n"
      :
      : [events] "i"(&events));
}

LICENSE("GPL");
