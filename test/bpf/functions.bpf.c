// Functions: static, global (verified on their own), weak, called from several programs, and calling each other.
// build: -mcpu=v3
// build as functions-v1: -mcpu=v1
// build as functions-v2: -mcpu=v2
// build as functions-be: -mcpu=v3 -mbig-endian
// build as functions-no-btf: -mcpu=v3 without-btf
// build as functions-clang14: -mcpu=v2 clang-14
#include "context.h"

LICENSE("GPL");

struct pair {
  u32 left, right;
};

static NOINLINE u32 leaf(u32 value) {
  OPAQUE(value);
  return value * 3;
}

static NOINLINE u32 middle(u32 value) {
  OPAQUE(value);
  return leaf(value) + leaf(value + 1);
}

NOINLINE u32 global(u32 value, struct pair *pair) {
  if (!pair) return value;
  return pair->left + middle(value);
}

WEAK NOINLINE u32 weak(u32 value) {
  OPAQUE(value);
  return value + 1;
}

HIDDEN NOINLINE u32 hidden(u32 value) {
  OPAQUE(value);
  return value + 2;
}

// A global function that gets the context.
NOINLINE u32 with_context(struct __sk_buff *skb) {
  return skb->len + hidden(1);
}

static NOINLINE u32 unused_by_second(u32 value) {
  OPAQUE(value);
  return value ^ 0x55555555;
}

SEC("tc")
int first(struct __sk_buff *skb) {
  struct pair pair = {skb->len, 2};
  return global(skb->len, &pair) + weak(1) + unused_by_second(2);
}

SEC("tc")
int second(struct __sk_buff *skb) {
  return leaf(skb->len) + with_context(skb);
}

SEC("tc")
int alone(struct __sk_buff *skb) {
  return 0;
}
