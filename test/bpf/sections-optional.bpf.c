// A leading `?` makes a program optional: opened, not loaded. Here the optional one could not be loaded at all.
#include "context.h"

LICENSE("GPL");

SEC("?xdp")
int optional(struct xdp_md *context) {
  return *(volatile int *)0;
}

SEC("?fentry/no_such_function_in_any_kernel")
int optional_missing(u64 *context) {
  return 0;
}

SEC("xdp")
int required(struct xdp_md *context) {
  return XDP_PASS;
}
