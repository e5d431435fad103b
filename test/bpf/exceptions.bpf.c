// Exceptions: a program that throws, with a callback named by a declaration tag. Linux 6.7.
// build: -mcpu=v3
// build as exceptions-sections: -mcpu=v3 -ffunction-sections
#include "context.h"

LICENSE("GPL");

void bpf_throw(u64 cookie) KSYM;

NOINLINE u64 caught(u64 cookie) {
  return cookie + 1;
}

static NOINLINE int check(u32 value) {
  OPAQUE(value);
  if (value > 1500) bpf_throw(5);
  return value;
}

SEC("tc")
TAG("exception_callback:caught") int with_callback(struct __sk_buff *skb) {
  return check(skb->len);
}

SEC("tc")
int without_callback(struct __sk_buff *skb) {
  return check(skb->len + 1);
}
