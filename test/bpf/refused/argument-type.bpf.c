#include "context.h"

struct {
  UINT(type, BPF_MAP_TYPE_RINGBUF);
  UINT(max_entries, 4096);
} events SEC(".maps");

SEC("tc")
int program(struct __sk_buff *skb) {
  u32 event = 1;
  bpf_ringbuf_submit(&event, 0); // not a record of the ring buffer
  return 0;
}

LICENSE("GPL");
