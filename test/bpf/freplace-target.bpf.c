// What a freplace program replaces: a global function that is kept as a function.
#include "context.h"

LICENSE("GPL");

NOINLINE int replaceable(struct xdp_md *context) {
  volatile int result = XDP_PASS;
  return result;
}

SEC("xdp")
int entry(struct xdp_md *context) {
  return replaceable(context);
}
