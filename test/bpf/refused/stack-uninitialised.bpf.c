#include "context.h"

struct {
  UINT(type, BPF_MAP_TYPE_HASH);
  UINT(max_entries, 8);
  TYPE(key, u64);
  TYPE(value, u64);
} times SEC(".maps");

SEC("tc")
int program(struct __sk_buff *skb) {
  u32 key = 1; // four bytes, but the map's keys have eight
  return bpf_map_lookup_elem(&times, &key) != NULL;
}

LICENSE("GPL");
