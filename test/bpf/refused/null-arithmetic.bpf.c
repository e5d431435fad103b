#include "context.h"

struct {
  UINT(type, BPF_MAP_TYPE_HASH);
  UINT(max_entries, 8);
  TYPE(key, u32);
  TYPE(value, u64);
} times SEC(".maps");

SEC("tc")
int program(struct __sk_buff *skb) {
  u32 key = 1;
  u8 *time = bpf_map_lookup_elem(&times, &key);
  asm volatile("%0 += 4" : "+r"(time)); // before the check
  return time ? *time : 0;
}

LICENSE("GPL");
