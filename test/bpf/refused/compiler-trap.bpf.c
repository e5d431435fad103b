#include "context.h"

extern void __bpf_trap(void) KSYM;

SEC("tc")
int program(struct __sk_buff *skb) {
  __bpf_trap(); // clang 21 and newer call this where the behaviour is undefined
  return 0;
}

LICENSE("GPL");
