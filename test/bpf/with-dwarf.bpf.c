// As a compiler leaves it, with DWARF and its relocations: a reader must pass over all of that.
// build: -mcpu=v3 with-dwarf
// build as with-dwarf-be: -mcpu=v3 with-dwarf -mbig-endian
#include "context.h"

LICENSE("GPL");

u64 packets;

SEC("xdp")
int count(struct xdp_md *context) {
  __sync_fetch_and_add(&packets, 1);
  return XDP_PASS;
}
