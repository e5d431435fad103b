// The smallest useful object: one program of two instructions, no map, no variable.
// build: -mcpu=v3
// build as minimal-be: -mcpu=v3 -mbig-endian
// build as minimal-no-btf: -mcpu=v3 without-btf
// build as minimal-no-btf-ext: -mcpu=v3 without-btf-ext
#include "context.h"

LICENSE("GPL");

SEC("xdp")
int pass(struct xdp_md *context) {
  return XDP_PASS;
}
