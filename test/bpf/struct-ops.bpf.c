// struct_ops: a TCP congestion control that does nothing, once to be registered by map update and once by link.
#include "context.h"

LICENSE("GPL");

struct sock;
struct tcp_congestion_ops {
  u32 (*ssthresh)(struct sock *sk);
  void (*cong_avoid)(struct sock *sk, u32 ack, u32 acked);
  u32 (*undo_cwnd)(struct sock *sk);
  u32 flags;
  char name[16];
};

// A flavour, with a member that no kernel has: it must be null or zero.
struct tcp_congestion_ops___future {
  u32 (*ssthresh)(struct sock *sk);
  void (*cong_avoid)(struct sock *sk, u32 ack, u32 acked);
  u32 (*undo_cwnd)(struct sock *sk);
  u64 not_in_any_kernel;
  char name[16];
};

SEC("struct_ops/bpfts_ssthresh")
u32 bpfts_ssthresh(u64 *context) {
  return 2;
}

SEC("struct_ops/bpfts_cong_avoid")
void bpfts_cong_avoid(u64 *context) {}

SEC("struct_ops/bpfts_undo_cwnd")
u32 bpfts_undo_cwnd(u64 *context) {
  return 2;
}

SEC(".struct_ops")
struct tcp_congestion_ops bpfts_plain = {
    .ssthresh = (void *)bpfts_ssthresh,
    .cong_avoid = (void *)bpfts_cong_avoid,
    .undo_cwnd = (void *)bpfts_undo_cwnd,
    .name = "bpfts_plain",
};

SEC(".struct_ops.link")
struct tcp_congestion_ops___future bpfts_linked = {
    .ssthresh = (void *)bpfts_ssthresh,
    .cong_avoid = (void *)bpfts_cong_avoid,
    .undo_cwnd = (void *)bpfts_undo_cwnd,
    .name = "bpfts_linked",
};
