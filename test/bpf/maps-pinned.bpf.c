// A map that pins itself by its name, and so is shared by all that load this object with the same pin directory.
#include "context.h"

LICENSE("GPL");

struct {
  UINT(type, BPF_MAP_TYPE_ARRAY);
  UINT(pinning, PIN_BY_NAME);
  UINT(max_entries, 1);
  TYPE(key, u32);
  TYPE(value, u64);
} pinned SEC(".maps");

SEC("xdp")
int use(struct xdp_md *context) {
  u32 key = 0;
  u64 *value = bpf_map_lookup_elem(&pinned, &key);
  if (value) __sync_fetch_and_add(value, 1);
  return XDP_PASS;
}
