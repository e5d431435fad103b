// struct_ops: a TCP congestion control by a link, another of the same name to update to, and one by map update. Each
// counts the connections that ask for it.
// build: -mcpu=v2
#include "context.h"

LICENSE("GPL");

struct sock;
struct tcp_congestion_ops {
  void (*init)(struct sock *sk);
  u32 (*ssthresh)(struct sock *sk);
  void (*cong_avoid)(struct sock *sk, u32 ack, u32 acked);
  u32 (*undo_cwnd)(struct sock *sk);
  char name[16];
};

u64 first_runs = 0;
u64 second_runs = 0;
u64 plain_runs = 0;

SEC("struct_ops/first_init")
void first_init(u64 *context) {
  __sync_fetch_and_add(&first_runs, 1);
}

SEC("struct_ops/second_init")
void second_init(u64 *context) {
  __sync_fetch_and_add(&second_runs, 1);
}

SEC("struct_ops/plain_init")
void plain_init(u64 *context) {
  __sync_fetch_and_add(&plain_runs, 1);
}

SEC("struct_ops/ssthresh")
u32 ssthresh(u64 *context) {
  return 2;
}

SEC("struct_ops/undo_cwnd")
u32 undo_cwnd(u64 *context) {
  return 2;
}

SEC("struct_ops/nothing")
void nothing(u64 *context) {}

#define CONGESTION_CONTROL(variable, text)   \
  struct tcp_congestion_ops variable = {     \
      .init = (void *)variable##_init,       \
      .ssthresh = (void *)ssthresh,              \
      .cong_avoid = (void *)nothing,         \
      .undo_cwnd = (void *)undo_cwnd,              \
      .name = text,                          \
  };

SEC(".struct_ops.link") CONGESTION_CONTROL(first, "bpfts_link")
SEC(".struct_ops.link") CONGESTION_CONTROL(second, "bpfts_link")
SEC(".struct_ops") CONGESTION_CONTROL(plain, "bpfts_plain")
