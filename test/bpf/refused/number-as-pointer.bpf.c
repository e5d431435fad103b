#include "context.h"

SEC("tc")
int program(struct __sk_buff *skb) {
  u32 *place = (u32 *)(u64)skb->mark; // a number, not an address
  return *place;
}

LICENSE("GPL");
