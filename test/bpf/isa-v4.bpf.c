// Instruction set v4: signed division and modulo, sign-extending moves and loads, unconditional byte swaps, long jumps.
// build: -mcpu=v4
// build as isa-v4-be: -mcpu=v4 -mbig-endian
#include "context.h"

LICENSE("GPL");

s64 input = -1000;
s32 input32 = -77;
s8 bytes[4] = {-1, 2, -3, 4};
s16 halves[2] = {-5, 6};
u64 results[16];

SEC("syscall")
int arithmetic(void *context) {
  s64 a = input;
  s32 b = input32;
  results[0] = a / 7;
  results[1] = a % 7;
  results[2] = b / 3;
  results[3] = b % 3;
  results[4] = (s8)a;
  results[5] = (s16)a;
  results[6] = (s32)a;
  results[7] = (s64)(s8)b;
  results[8] = bytes[context != NULL] + halves[1] + (s64)input32;
  results[9] = __builtin_bswap16(a);
  results[10] = __builtin_bswap32(a);
  results[11] = __builtin_bswap64(a);
  return 0;
}

SEC("syscall")
int assembly(void *context) {
  u64 value = 300;
  asm volatile(
      "%0 = (s8)%0\nr1 = 5\nw1 = (s16)w1\n%0 s/= -3\n%0 s%%= 5\n%0 = bswap32 %0\nif %0 == 0 goto +1\ngotol +1\n%0 = 9\n%0 += 1\n"
      : "+r"(value)
      :
      : "r1");
  results[12] = value;
  return 0;
}
