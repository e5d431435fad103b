// Addresses of functions: callbacks for map iteration, loops and timers.
#include "context.h"

LICENSE("GPL");

struct {
  UINT(type, BPF_MAP_TYPE_HASH);
  UINT(max_entries, 16);
  TYPE(key, u32);
  TYPE(value, u64);
} map SEC(".maps");

struct state {
  u64 sum;
  u32 limit;
};

static NOINLINE u64 weigh(u64 value) {
  OPAQUE(value);
  return value * 2;
}

static long add(void *iterated, u32 *key, u64 *value, struct state *state) {
  state->sum += weigh(*value);
  return state->sum > state->limit;
}

static long count(u32 index, struct state *state) {
  state->sum += index;
  return 0;
}

SEC("tc")
int iterate(struct __sk_buff *skb) {
  struct state state = {.limit = 1000};
  bpf_for_each_map_elem(&map, add, &state, 0);
  bpf_loop(100, count, &state, 0);
  return state.sum;
}

SEC("tc")
int loop(struct __sk_buff *skb) {
  struct state state = {};
  bpf_loop(skb->len, count, &state, 0);
  return state.sum;
}
