// A call into another program's section: libbpf takes functions from .text only, and says so.
#include "context.h"

LICENSE("GPL");

SEC("tc/ingress")
NOINLINE int other(struct __sk_buff *skb) {
  volatile int result = 1;
  return result;
}

SEC("tc")
int entry(struct __sk_buff *skb) {
  return other(skb);
}
