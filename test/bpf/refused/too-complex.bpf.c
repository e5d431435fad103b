#include "context.h"

SEC("tc")
int program(struct __sk_buff *skb) {
  u64 sum = 0;
  for (u32 i = 0; i < 10000000; i++) { // ten million rounds, each of which the verifier follows
    asm volatile("%0 += 3" : "+r"(sum));
  }
  return sum;
}

LICENSE("GPL");
