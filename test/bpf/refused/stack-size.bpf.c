#include "context.h"

__attribute__((noinline)) static int deep(u32 mark) {
  volatile u8 buffer[300] = {};
  buffer[mark & 127] = 1;
  return buffer[3];
}

SEC("tc")
int program(struct __sk_buff *skb) {
  volatile u8 buffer[300] = {};
  buffer[skb->mark & 127] = 1;
  return deep(skb->mark) + buffer[5]; // 300 and 300 bytes are more than 512
}

LICENSE("GPL");
