// The first part of an object that bpftool's static linker makes of two: declares what the second part defines, and
// overrides its weak function.
#include "context.h"

LICENSE("GPL");

extern u64 shared_counter;
extern const volatile u32 shared_constant;
int helper_of_other_part(u32 value);

struct {
  UINT(type, BPF_MAP_TYPE_HASH);
  UINT(max_entries, 8);
  TYPE(key, u32);
  TYPE(value, u64);
} own_map SEC(".maps");

static volatile u32 same_name = 1;

NOINLINE int overridden(u32 value) {
  OPAQUE(value);
  return value + 100;
}

SEC("tc")
int first(struct __sk_buff *skb) {
  u32 key = 0;
  shared_counter++;
  bpf_map_lookup_elem(&own_map, &key);
  return helper_of_other_part(shared_constant) + overridden(same_name++);
}
