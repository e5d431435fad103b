#include "context.h"

struct entry {
  u32 slots[4];
};

struct {
  UINT(type, BPF_MAP_TYPE_ARRAY);
  UINT(max_entries, 1);
  TYPE(key, u32);
  TYPE(value, struct entry);
} entries SEC(".maps");

SEC("tc")
int program(struct __sk_buff *skb) {
  u32 key = 0;
  struct entry *entry = bpf_map_lookup_elem(&entries, &key);
  if (!entry) return 0;
  return *(volatile u32 *)((u8 *)entry + 16); // the value ends at 16
}

LICENSE("GPL");
