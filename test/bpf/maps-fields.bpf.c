// The fields that a map's declaration may have (pinning apart: maps-pinned), and names at the kernel's limit of 15 characters.
#include "context.h"

LICENSE("GPL");

struct {
  UINT(type, BPF_MAP_TYPE_HASH);
  UINT(map_flags, BPF_F_NO_PREALLOC | BPF_F_NUMA_NODE);
  UINT(numa_node, 0);
  UINT(max_entries, 10);
  TYPE(key, u32);
  TYPE(value, u64);
} on_node SEC(".maps");

struct {
  UINT(type, BPF_MAP_TYPE_ARRAY);
  UINT(pinning, 0);
  UINT(max_entries, 1);
  UINT(key_size, sizeof(u32));
  UINT(value_size, sizeof(u64));
  TYPE(key, u32);
  TYPE(value, u64);
} both_sizes_and_types SEC(".maps");

struct {
  UINT(type, BPF_MAP_TYPE_ARRAY);
  UINT(max_entries, 1);
  TYPE(key, u32);
  TYPE(value, u64);
} tagged SEC(".maps") TAG("first tag") TAG("second tag");

// Not a multiple of the page size in the source: libbpf rounds it up.
struct {
  UINT(type, BPF_MAP_TYPE_RINGBUF);
  UINT(max_entries, 5000);
} odd_ring SEC(".maps");

// No max_entries: libbpf takes the number of possible CPUs.
struct {
  UINT(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
  UINT(key_size, sizeof(int));
  UINT(value_size, sizeof(int));
} perf_by_cpu SEC(".maps");

// A map_extra of 64 bits does not fit the array notation and is written as an enumerator.
struct {
  UINT(type, BPF_MAP_TYPE_BLOOM_FILTER);
  UINT(max_entries, 50);
  ULONG(map_extra, 2);
  TYPE(value, u32);
} wide_fields SEC(".maps");

struct {
  UINT(type, BPF_MAP_TYPE_ARRAY);
  UINT(max_entries, 1);
  TYPE(key, u32);
  TYPE(value, u32);
} a_name_longer_than_the_kernel_keeps SEC(".maps");

SEC("xdp")
int use(struct xdp_md *context) {
  u32 key = 0;
  bpf_map_lookup_elem(&on_node, &key);
  bpf_map_lookup_elem(&both_sizes_and_types, &key);
  bpf_map_lookup_elem(&tagged, &key);
  bpf_map_lookup_elem(&a_name_longer_than_the_kernel_keeps, &key);
  bpf_map_push_elem(&wide_fields, &key, 0);
  bpf_ringbuf_output(&odd_ring, &key, sizeof(key), 0);
  bpf_perf_event_output(context, &perf_by_cpu, BPF_F_CURRENT_CPU, &key, sizeof(key));
  return XDP_PASS;
}
