// Programs to be run by BPF_PROG_TEST_RUN: each shows one thing that a run gives in or takes out.
#include "context.h"

LICENSE("GPL");

u64 runs = 0;

// Grows with the data: the result is the packet's length.
SEC("xdp")
int length(struct xdp_md *context) {
  return context->data_end - context->data;
}

// Changes the packet's first byte.
SEC("tc")
int write(struct __sk_buff *skb) {
  u8 *data = (void *)(long)skb->data;
  if ((void *)(data + 14) > (void *)(long)skb->data_end) return -1;
  data[0] ^= 0xff;
  return 0;
}

// Changes the context.
SEC("tc")
int mark(struct __sk_buff *skb) {
  skb->mark = skb->mark + 1;
  skb->cb[0] = 0x12345678;
  return 7;
}

struct numbers {
  u64 left, right, sum;
};

SEC("syscall")
int add(struct numbers *context) {
  context->sum = context->left + context->right;
  __sync_fetch_and_add(&runs, 1);
  return 42;
}

SEC("raw_tp/sys_enter")
int cpu(struct bpf_raw_tracepoint_args *context) {
  __sync_fetch_and_add(&runs, 1);
  return bpf_get_smp_processor_id() << 16 | (context->args[0] & 0xff);
}

SEC("sk_lookup")
int lookup(struct bpf_sk_lookup *context) {
  return context->local_port == 80 ? SK_PASS : 0;
}
