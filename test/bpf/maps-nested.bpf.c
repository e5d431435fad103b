// Maps of maps: the inner prototype written out, named by type, and with the initial inner maps of the same object.
#include "context.h"

LICENSE("GPL");

struct inner {
  UINT(type, BPF_MAP_TYPE_ARRAY);
  UINT(max_entries, 2);
  TYPE(key, u32);
  TYPE(value, u64);
} inner_one SEC(".maps"), inner_two SEC(".maps");

struct {
  UINT(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
  UINT(max_entries, 4);
  TYPE(key, u32);
  ARRAY(values, struct inner);
} by_index SEC(".maps") = {.values = {[1] = &inner_one, [2] = &inner_two}};

struct {
  UINT(type, BPF_MAP_TYPE_HASH_OF_MAPS);
  UINT(max_entries, 8);
  TYPE(key, u32);
  ARRAY(values, struct inner);
} by_key SEC(".maps") = {.values = {[0] = &inner_two}};

struct {
  UINT(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
  UINT(max_entries, 2);
  UINT(key_size, 4);
  UINT(value_size, 4);
  ARRAY(
      values, struct {
        UINT(type, BPF_MAP_TYPE_HASH);
        UINT(map_flags, BPF_F_NO_PREALLOC);
        UINT(max_entries, 3);
        TYPE(key, u16);
        TYPE(value, u32);
      });
} anonymous_inner SEC(".maps");

SEC("xdp")
int use(struct xdp_md *context) {
  u32 key = 1;
  void *map = bpf_map_lookup_elem(&by_index, &key);
  if (!map) map = bpf_map_lookup_elem(&by_key, &key);
  if (!map) return bpf_map_lookup_elem(&anonymous_inner, &key) ? 1 : 0;
  u64 *value = bpf_map_lookup_elem(map, &key);
  if (value) __sync_fetch_and_add(value, 1);
  return XDP_PASS;
}
