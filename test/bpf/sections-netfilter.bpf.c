// Netfilter hooks: a context of kernel pointers. Linux 6.4.
#include "context.h"
#include "kernel.h"

LICENSE("GPL");

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct nf_hook_state {
  u8 hook;
  u8 pf;
};
struct sk_buff {
  unsigned int len;
};
struct bpf_nf_ctx {
  const struct nf_hook_state *state;
  struct sk_buff *skb;
};
#pragma clang attribute pop

u64 bytes = 0;

SEC("netfilter")
int accept(struct bpf_nf_ctx *context) {
  __sync_fetch_and_add(&bytes, context->skb->len);
  return 1;
}
