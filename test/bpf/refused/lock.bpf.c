#include "context.h"

struct guarded {
  struct bpf_spin_lock lock;
  u32 number;
};

struct {
  UINT(type, BPF_MAP_TYPE_ARRAY);
  UINT(max_entries, 1);
  TYPE(key, u32);
  TYPE(value, struct guarded);
} values SEC(".maps");

SEC("tc")
int program(struct __sk_buff *skb) {
  u32 key = 0;
  struct guarded *value = bpf_map_lookup_elem(&values, &key);
  if (!value) return 0;
  ((long (*)(void *))93)(&value->lock); // bpf_spin_lock(), and no unlock
  value->number++;
  return 0;
}

LICENSE("GPL");
