// Program arrays, one empty and one with its initial programs named in the source.
#include "context.h"

LICENSE("GPL");

int first(struct xdp_md *context);
int second(struct xdp_md *context);

struct {
  UINT(type, BPF_MAP_TYPE_PROG_ARRAY);
  UINT(max_entries, 4);
  UINT(key_size, 4);
  ARRAY(values, int(void *));
} jumps SEC(".maps") = {.values = {[0] = (void *)&first, [3] = (void *)&second}};

struct {
  UINT(type, BPF_MAP_TYPE_PROG_ARRAY);
  UINT(max_entries, 2);
  UINT(key_size, 4);
  UINT(value_size, 4);
} empty SEC(".maps");

SEC("xdp")
int first(struct xdp_md *context) {
  bpf_tail_call(context, &empty, 0);
  return 1;
}

SEC("xdp")
int second(struct xdp_md *context) {
  return 2;
}

SEC("xdp")
int entry(struct xdp_md *context) {
  bpf_tail_call(context, &jumps, context->rx_queue_index);
  return 0;
}
