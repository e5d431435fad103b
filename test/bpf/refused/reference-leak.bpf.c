#include "context.h"

struct {
  UINT(type, BPF_MAP_TYPE_RINGBUF);
  UINT(max_entries, 4096);
} events SEC(".maps");

SEC("tc")
int program(struct __sk_buff *skb) {
  u32 *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
  if (!event) return 0;
  *event = skb->mark;
  if (skb->mark == 7) return 1; // neither submitted nor discarded
  bpf_ringbuf_submit(event, 0);
  return 0;
}

LICENSE("GPL");
