#include "context.h"

SEC("tc")
__attribute__((naked)) int program(struct __sk_buff *context) {
  // The instruction refers to a map by the fd 9999, which is not open.
  asm volatile(
      ".8byte 0x0000270f00001118\n"
      ".8byte 0\n"
      "r0 = 0\n"
      "exit\n");
}

LICENSE("GPL");
