// The third of three parts that the static linker joins, and the objects that bpftool makes of the parts.
// build as joined-c: -mcpu=v4
// build as joined-c-be: -mcpu=v4 -mbig-endian
// link joined-ab: joined-a joined-b
// link joined-abc: joined-a joined-b joined-c
// link joined-cba: joined-c joined-b joined-a
// link joined-abc-be: joined-a-be joined-b-be joined-c-be
#include "context.h"

LICENSE("GPL");

extern u32 replaced(u32 value);
extern u64 total;

enum state { IDLE, BUSY };

struct tcp_congestion_ops {
  u32 (*ssthresh)(void *sk);
  u32 (*undo_cwnd)(void *sk);
  void (*cong_avoid)(void *sk, u32 ack, u32 acked);
  char name[16];
};

struct inner {
  UINT(type, BPF_MAP_TYPE_ARRAY);
  UINT(max_entries, 2);
  TYPE(key, u32);
  TYPE(value, u64);
} inner_map SEC(".maps");

struct {
  UINT(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
  UINT(max_entries, 2);
  TYPE(key, u32);
  ARRAY(values, struct inner);
} outer SEC(".maps") = {.values = {[1] = &inner_map}};

HIDDEN u32 empty;
enum state state;
double unused SEC(".data.extra");

SEC("tc")
int target(struct __sk_buff *skb) {
  state = BUSY;
  total += empty;
  return replaced(skb->len);
}

struct {
  UINT(type, BPF_MAP_TYPE_PROG_ARRAY);
  UINT(max_entries, 4);
  UINT(key_size, 4);
  ARRAY(values, u32(void *));
} jumps SEC(".maps") = {.values = {[0] = (void *)&target}};

SEC("?struct_ops")
u32 joined_ssthresh(u64 *context) {
  return 2;
}

SEC("?struct_ops")
u32 joined_undo_cwnd(u64 *context) {
  return 3;
}

SEC("?struct_ops")
void joined_cong_avoid(u64 *context) {}

SEC("?.struct_ops")
struct tcp_congestion_ops joined_ops = {
    .ssthresh = (void *)joined_ssthresh,
    .undo_cwnd = (void *)joined_undo_cwnd,
    .cong_avoid = (void *)joined_cong_avoid,
    .name = "joined",
};
