#include "context.h"

SEC("tc")
__attribute__((naked)) int program(struct __sk_buff *skb) {
  asm volatile("r0 = *(u32 *)(r1 + 2000)\n exit"); // the context ends before that
}

LICENSE("GPL");
