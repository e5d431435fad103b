#include "context.h"

static __attribute__((noinline)) int depth9(volatile int number) { return number * 3; }
static __attribute__((noinline)) int depth8(volatile int number) { return depth9(number) + 1; }
static __attribute__((noinline)) int depth7(volatile int number) { return depth8(number) + 1; }
static __attribute__((noinline)) int depth6(volatile int number) { return depth7(number) + 1; }
static __attribute__((noinline)) int depth5(volatile int number) { return depth6(number) + 1; }
static __attribute__((noinline)) int depth4(volatile int number) { return depth5(number) + 1; }
static __attribute__((noinline)) int depth3(volatile int number) { return depth4(number) + 1; }
static __attribute__((noinline)) int depth2(volatile int number) { return depth3(number) + 1; }
static __attribute__((noinline)) int depth1(volatile int number) { return depth2(number) + 1; }

SEC("tc")
int program(struct __sk_buff *skb) {
  return depth1(skb->mark); // nine functions below this one
}

LICENSE("GPL");
