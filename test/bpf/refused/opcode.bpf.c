#include "context.h"

SEC("tc")
__attribute__((naked)) int program(struct __sk_buff *context) {
  // No kernel has the opcode 0xff.
  asm volatile(
      ".8byte 0xff\n"
      "r0 = 0\n"
      "exit\n");
}

LICENSE("GPL");
