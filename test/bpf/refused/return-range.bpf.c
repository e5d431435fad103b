#include "context.h"

SEC("cgroup_skb/egress")
int program(struct __sk_buff *skb) {
  return skb->mark; // only 0 to 3 are allowed
}

LICENSE("GPL");
