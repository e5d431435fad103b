// Arrays: plain, per CPU, memory-mappable, read-only for programs, and declared by sizes only.
#include "context.h"

LICENSE("GPL");

struct {
  UINT(type, BPF_MAP_TYPE_ARRAY);
  UINT(max_entries, 4);
  TYPE(key, u32);
  TYPE(value, u64);
} array SEC(".maps");

struct {
  UINT(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  UINT(max_entries, 4);
  TYPE(key, u32);
  TYPE(value, u64);
} percpu_array SEC(".maps");

struct {
  UINT(type, BPF_MAP_TYPE_ARRAY);
  UINT(map_flags, BPF_F_MMAPABLE);
  UINT(max_entries, 1000);
  TYPE(key, u32);
  TYPE(value, u64);
} mappable SEC(".maps");

struct {
  UINT(type, BPF_MAP_TYPE_ARRAY);
  UINT(map_flags, BPF_F_RDONLY_PROG);
  UINT(max_entries, 4);
  TYPE(key, u32);
  TYPE(value, u64);
} read_only SEC(".maps");

struct {
  UINT(type, BPF_MAP_TYPE_ARRAY);
  UINT(max_entries, 4);
  UINT(key_size, 4);
  UINT(value_size, 24);
} sizes_only SEC(".maps");

SEC("xdp")
int use(struct xdp_md *context) {
  u32 key = 1;
  u64 sum = 0;
  u64 *value;
  if ((value = bpf_map_lookup_elem(&array, &key))) sum += *value;
  if ((value = bpf_map_lookup_elem(&percpu_array, &key))) sum += *value;
  if ((value = bpf_map_lookup_elem(&mappable, &key))) sum += *value;
  if ((value = bpf_map_lookup_elem(&read_only, &key))) sum += *value;
  if ((value = bpf_map_lookup_elem(&sizes_only, &key))) sum += *value;
  return sum ? XDP_PASS : 1;
}
