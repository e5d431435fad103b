#include "context.h"

struct {
  UINT(type, BPF_MAP_TYPE_ARRAY); // PERF_EVENT_ARRAY is needed
  UINT(max_entries, 1);
  TYPE(key, u32);
  TYPE(value, u32);
} events SEC(".maps");

SEC("tc")
int program(struct __sk_buff *skb) {
  u64 event = 1;
  return bpf_perf_event_output(skb, &events, 0, &event, sizeof(event));
}

LICENSE("GPL");
