#include "context.h"

SEC("xdp")
int program(struct xdp_md *context) {
  u8 *data = (u8 *)(u64)context->data;
  u8 *end = (u8 *)(u64)context->data_end;
  if (data + 14 > end) return 2;
  return data[14] == 0 ? 1 : 2; // the fifteenth byte is not proven
}

LICENSE("GPL");
