// The second part of the linked object.
// build: -mcpu=v3
// link linked: linked-main linked-other
#include "context.h"

LICENSE("GPL");

u64 shared_counter = 1;
const volatile u32 shared_constant = 2;

struct {
  UINT(type, BPF_MAP_TYPE_ARRAY);
  UINT(max_entries, 2);
  TYPE(key, u32);
  TYPE(value, u64);
} shared_map SEC(".maps");

static volatile u32 same_name = 2;

WEAK NOINLINE int overridden(u32 value) {
  OPAQUE(value);
  return value;
}

NOINLINE int helper_of_other_part(u32 value) {
  OPAQUE(value);
  return value * 3 + same_name++;
}

SEC("tc")
int second(struct __sk_buff *skb) {
  shared_counter += 2;
  return overridden(skb->len);
}
