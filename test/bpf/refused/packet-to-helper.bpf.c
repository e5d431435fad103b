#include "context.h"

struct {
  UINT(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
  UINT(max_entries, 1);
  TYPE(key, u32);
  TYPE(value, u32);
} events SEC(".maps");

SEC("tc")
__attribute__((naked)) int program(struct __sk_buff *context) {
  // bpf_perf_event_output() takes no pointer to the packet.
  asm volatile(
      "r6 = *(u32 *)(r1 + 76)\n"
      "r7 = *(u32 *)(r1 + 80)\n"
      "r8 = r6\n"
      "r8 += 8\n"
      "if r8 > r7 goto 1f\n"
      "r2 = %[events] ll\n"
      "r3 = 0\n"
      "r4 = r6\n"
      "r5 = 8\n"
      "call 25\n"
      "1: r0 = 0\n"
      "exit\n"
      :
      : [events] "i"(&events));
}

LICENSE("GPL");
