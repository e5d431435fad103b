// Refused by the verifier after a long log: a loop that never ends.
#include "context.h"

LICENSE("GPL");

u32 limit;

SEC("socket")
int endless(struct __sk_buff *skb) {
  volatile u64 sum = 0;
  for (u64 i = 0;; i++) {
    sum += i;
    if (sum == limit) break;
  }
  return sum;
}
