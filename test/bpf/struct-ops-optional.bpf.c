// A struct_ops map that is not created unless asked for (`?`), and so programs that are not loaded: they are only its.
#include "context.h"

LICENSE("GPL");

struct sock;
struct tcp_congestion_ops {
  u32 (*ssthresh)(struct sock *sk);
  void (*cong_avoid)(struct sock *sk, u32 ack, u32 acked);
  u32 (*undo_cwnd)(struct sock *sk);
  char name[16];
};

SEC("struct_ops")
u32 always(u64 *context) {
  return 2;
}

SEC("struct_ops")
void acknowledged(u64 *context) {}

SEC("struct_ops")
u32 only_optional(u64 *context) {
  return 3;
}

SEC("?struct_ops")
u32 optional_program(u64 *context) {
  return 4;
}

SEC(".struct_ops.link")
struct tcp_congestion_ops bpfts_always = {
    .ssthresh = (void *)always,
    .cong_avoid = (void *)acknowledged,
    .undo_cwnd = (void *)optional_program,
    .name = "bpfts_always",
};

SEC("?.struct_ops.link")
struct tcp_congestion_ops bpfts_optional = {
    .ssthresh = (void *)only_optional,
    .cong_avoid = (void *)acknowledged,
    .undo_cwnd = (void *)only_optional,
    .name = "bpfts_optional",
};
