#include "context.h"

SEC("tc")
__attribute__((naked)) int program(struct __sk_buff *skb) {
  asm volatile("r0 = r3\n exit"); // nothing wrote R3
}

LICENSE("GPL");
