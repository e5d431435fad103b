// BTF that the kernel refuses, by a tag that names no type. libbpf goes on without it, since nothing here needs BTF: the
// program and its map get no types, no function names and no lines.
#include "context.h"

LICENSE("GPL");

struct bpf_list_head {
  u64 opaque[2];
} __attribute__((aligned(8)));

struct holder {
  struct bpf_spin_lock lock;
  struct bpf_list_head list TAG("contains:not_there:node");
};

struct {
  UINT(type, BPF_MAP_TYPE_ARRAY);
  UINT(max_entries, 1);
  TYPE(key, u32);
  TYPE(value, u64);
} numbers SEC(".maps");

// Named by a variable: a local alone leaves no type.
struct holder held SEC(".data.private");

static NOINLINE u32 add(u32 value) {
  OPAQUE(value);
  return value + sizeof(struct holder);
}

SEC("xdp")
int program(struct xdp_md *context) {
  u32 key = 0;
  return bpf_map_lookup_elem(&numbers, &key) ? XDP_PASS : add(1);
}
