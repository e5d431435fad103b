// Functions in sections whose names give no program type: of -ffunction-sections, and a section of the author's.
// build: -mcpu=v3 -ffunction-sections
#include "context.h"

LICENSE("GPL");

static NOINLINE int five_times(int value) {
  OPAQUE(value);
  return value * 5;
}

__attribute__((visibility("hidden"))) NOINLINE int length_of(struct __sk_buff *skb) {
  return skb->len + five_times(skb->mark);
}

SEC("len_fns")
NOINLINE int double_length(struct __sk_buff *skb) {
  return 2 * length_of(skb);
}

SEC("tc")
int lengths(struct __sk_buff *skb) {
  return double_length(skb) + length_of(skb);
}
