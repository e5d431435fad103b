// The maps with keys: each kind of hash and the trie, with the flags that fit them.
// build: -mcpu=v3
// build as maps-hash-be: -mcpu=v3 -mbig-endian
// build as maps-hash-clang14: -mcpu=v3 clang-14
#include "context.h"

LICENSE("GPL");

struct prefix {
  u32 bits;
  u8 address[4];
};

struct {
  UINT(type, BPF_MAP_TYPE_HASH);
  UINT(max_entries, 64);
  TYPE(key, u32);
  TYPE(value, u64);
} hash SEC(".maps");

struct {
  UINT(type, BPF_MAP_TYPE_HASH);
  UINT(map_flags, BPF_F_NO_PREALLOC);
  UINT(max_entries, 64);
  TYPE(key, u32);
  TYPE(value, u64);
} hash_no_prealloc SEC(".maps");

struct {
  UINT(type, BPF_MAP_TYPE_PERCPU_HASH);
  UINT(max_entries, 64);
  TYPE(key, u32);
  TYPE(value, u64);
} percpu_hash SEC(".maps");

struct {
  UINT(type, BPF_MAP_TYPE_LRU_HASH);
  UINT(max_entries, 64);
  TYPE(key, u32);
  TYPE(value, u64);
} lru_hash SEC(".maps");

struct {
  UINT(type, BPF_MAP_TYPE_LRU_HASH);
  UINT(map_flags, BPF_F_NO_COMMON_LRU);
  UINT(max_entries, 64);
  TYPE(key, u32);
  TYPE(value, u64);
} lru_hash_percpu_lists SEC(".maps");

struct {
  UINT(type, BPF_MAP_TYPE_LRU_PERCPU_HASH);
  UINT(max_entries, 64);
  TYPE(key, u32);
  TYPE(value, u64);
} lru_percpu_hash SEC(".maps");

struct {
  UINT(type, BPF_MAP_TYPE_LPM_TRIE);
  UINT(map_flags, BPF_F_NO_PREALLOC);
  UINT(max_entries, 64);
  TYPE(key, struct prefix);
  TYPE(value, u32);
} lpm_trie SEC(".maps");

SEC("xdp")
int use(struct xdp_md *context) {
  u32 key = context->ingress_ifindex;
  u64 value = 1;
  struct prefix prefix = {.bits = 32};
  bpf_map_update_elem(&hash, &key, &value, BPF_ANY);
  bpf_map_update_elem(&hash_no_prealloc, &key, &value, BPF_ANY);
  bpf_map_update_elem(&percpu_hash, &key, &value, BPF_ANY);
  bpf_map_update_elem(&lru_hash, &key, &value, BPF_ANY);
  bpf_map_update_elem(&lru_hash_percpu_lists, &key, &value, BPF_ANY);
  bpf_map_update_elem(&lru_percpu_hash, &key, &value, BPF_ANY);
  return bpf_map_lookup_elem(&lpm_trie, &prefix) ? XDP_PASS : 1;
}
