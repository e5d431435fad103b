// Refused by the verifier: a map's value is read without asking whether there is one.
#include "context.h"

LICENSE("GPL");

struct {
  UINT(type, BPF_MAP_TYPE_HASH);
  UINT(max_entries, 8);
  TYPE(key, u32);
  TYPE(value, u64);
} map SEC(".maps");

SEC("tc")
int careless(struct __sk_buff *skb) {
  u32 key = 1;
  u64 *value = bpf_map_lookup_elem(&map, &key);
  return *value;
}
