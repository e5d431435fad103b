#include "context.h"

SEC("xdp")
__attribute__((naked)) int program(struct xdp_md *context) {
  // data_end marks the end of the packet and points to no data.
  asm volatile(
      "r2 = *(u32 *)(r1 + 4)\n"
      "r0 = *(u8 *)(r2 + 0)\n"
      "exit\n");
}

LICENSE("GPL");
