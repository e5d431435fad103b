// Stack traces and the array of cgroups.
#include "context.h"

LICENSE("GPL");

struct {
  UINT(type, BPF_MAP_TYPE_STACK_TRACE);
  UINT(max_entries, 128);
  UINT(key_size, 4);
  UINT(value_size, 8 * 127);
} stacks SEC(".maps");

struct {
  UINT(type, BPF_MAP_TYPE_STACK_TRACE);
  UINT(map_flags, BPF_F_STACK_BUILD_ID);
  UINT(max_entries, 128);
  UINT(key_size, 4);
  UINT(value_size, 32 * 16);
} stacks_by_build_id SEC(".maps");

struct {
  UINT(type, BPF_MAP_TYPE_CGROUP_ARRAY);
  UINT(max_entries, 2);
  UINT(key_size, 4);
  UINT(value_size, 4);
} cgroups SEC(".maps");

SEC("perf_event")
int sample(struct bpf_perf_event_data *context) {
  bpf_get_stackid(context, &stacks, 0);
  bpf_get_stackid(context, &stacks_by_build_id, 1 << 8);
  return 0;
}

SEC("tc")
int within(struct __sk_buff *skb) {
  return bpf_skb_under_cgroup(skb, &cgroups, 0) == 1;
}
