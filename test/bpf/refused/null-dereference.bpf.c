#include "context.h"

struct {
  UINT(type, BPF_MAP_TYPE_HASH);
  UINT(max_entries, 8);
  TYPE(key, u32);
  TYPE(value, u64);
} counts SEC(".maps");

SEC("tc")
int program(struct __sk_buff *skb) {
  u32 key = 0;
  u64 *count = bpf_map_lookup_elem(&counts, &key);
  *count += 1; // count may be NULL
  return 0;
}

LICENSE("GPL");
