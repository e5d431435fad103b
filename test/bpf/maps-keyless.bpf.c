// Maps without a key: queue, stack and bloom filter (its number of hashes in map_extra).
#include "context.h"

LICENSE("GPL");

struct {
  UINT(type, BPF_MAP_TYPE_QUEUE);
  UINT(max_entries, 16);
  TYPE(value, u32);
} queue SEC(".maps");

struct {
  UINT(type, BPF_MAP_TYPE_STACK);
  UINT(max_entries, 16);
  UINT(value_size, 8);
} stack SEC(".maps");

struct {
  UINT(type, BPF_MAP_TYPE_BLOOM_FILTER);
  UINT(max_entries, 100);
  UINT(map_extra, 3);
  TYPE(value, u32);
} bloom SEC(".maps");

SEC("xdp")
int use(struct xdp_md *context) {
  u32 value = context->rx_queue_index;
  u64 wide = value;
  bpf_map_push_elem(&queue, &value, BPF_ANY);
  bpf_map_push_elem(&stack, &wide, BPF_ANY);
  bpf_map_push_elem(&bloom, &value, BPF_ANY);
  return bpf_map_peek_elem(&bloom, &value) ? 1 : XDP_PASS;
}
