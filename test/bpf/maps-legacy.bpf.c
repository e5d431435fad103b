// Maps in the `maps` section, as before BTF: libbpf 1.0 and later refuse it.
// build: -mcpu=v2
// build as maps-legacy-no-btf: -mcpu=v1 without-btf
// build as maps-legacy-be: -mcpu=v1 without-btf -mbig-endian
// build as maps-legacy-iproute2: -mcpu=v2 -DIPROUTE2
#include "context.h"

LICENSE("GPL");

struct bpf_map_def {
  u32 type;
  u32 key_size;
  u32 value_size;
  u32 max_entries;
  u32 map_flags;
#ifdef IPROUTE2
  u32 id;
  u32 pinning;
#endif
};

struct bpf_map_def SEC("maps") old_hash = {
    .type = BPF_MAP_TYPE_HASH, .key_size = 4, .value_size = 8, .max_entries = 16, .map_flags = BPF_F_NO_PREALLOC};
struct bpf_map_def SEC("maps") old_array = {
    .type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 16, .max_entries = 4,
#ifdef IPROUTE2
    .id = 7, .pinning = 2,
#endif
};

u32 _version SEC("version") = 0x060c03;

SEC("socket")
int use(struct __sk_buff *skb) {
  u32 key = skb->protocol;
  u64 value = skb->len;
  bpf_map_update_elem(&old_hash, &key, &value, BPF_ANY);
  return bpf_map_lookup_elem(&old_array, &key) ? 1 : 0;
}
