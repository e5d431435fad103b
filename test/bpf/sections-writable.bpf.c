// Raw tracepoints whose context a program may write. Which ones there are depends on the kernel's configuration.
#include "context.h"

LICENSE("GPL");

SEC("raw_tp.w/nbd_send_request")
int writable_short(struct bpf_raw_tracepoint_args *context) {
  return 0;
}

SEC("raw_tracepoint.w/nbd_send_request")
int writable_long(struct bpf_raw_tracepoint_args *context) {
  return 0;
}
