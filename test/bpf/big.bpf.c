// Ten thousand instructions in one program: what reading, loading and printing much of it costs.
#include "context.h"

LICENSE("GPL");

#define ONE "%0 += 7\n%0 ^= 0x55\n"
#define TEN ONE ONE ONE ONE ONE
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN
#define THOUSAND HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED

SEC("tc")
int big(struct __sk_buff *skb) {
  u64 value = skb->len;
  asm volatile(THOUSAND THOUSAND THOUSAND THOUSAND THOUSAND THOUSAND THOUSAND THOUSAND THOUSAND THOUSAND : "+r"(value));
  return value;
}
