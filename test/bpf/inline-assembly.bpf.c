// Instructions written out: constants of every width, every addressing mode, and what no compiler emits by itself.
#include "context.h"

LICENSE("GPL");

u64 results[8];

SEC("syscall")
int constants(void *context) {
  u64 a, b, c, d;
  asm volatile("%0 = 0x123456789abcdef0 ll" : "=r"(a));
  asm volatile("%0 = -1" : "=r"(b));
  asm volatile("%0 = -0x80000000" : "=r"(c));
  asm volatile("%0 = 0xffffffff ll" : "=r"(d));
  results[0] = a;
  results[1] = b;
  results[2] = c;
  results[3] = d;
  return 0;
}

SEC("syscall")
int arithmetic(void *context) {
  u64 value = results[0];
  asm volatile(
      "%0 += 5\n%0 -= 3\n%0 *= 7\n%0 /= 3\n%0 %%= 1000\n%0 |= 0x100\n%0 &= 0xfff\n%0 ^= 1\n%0 <<= 4\n%0 >>= 2\n%0 s>>= 1\n"
      "%0 = -%0\n%0 = be16 %0\n%0 = le32 %0\n%0 = be64 %0\n"
      : "+r"(value));
  results[4] = value;
  return 0;
}

SEC("socket")
int packet_access(struct __sk_buff *skb) {
  u64 value;
  // The classic BPF way to read packets: absolute and indirect, with the context in r6 and the result in r0.
  asm volatile(
      "r6 = %1\nr0 = *(u8 *)skb[0]\nr7 = r0\nr0 = *(u16 *)skb[12]\nr7 += r0\nr1 = 14\nr0 = *(u32 *)skb[r1]\nr7 += r0\n%0 = r7\n"
      : "=r"(value)
      : "r"(skb)
      : "r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7");
  return value;
}

SEC("syscall")
int jumps(void *context) {
  u64 value = results[1];
  asm volatile(
      "if %0 == 1 goto +1\n%0 += 1\nif %0 != 1 goto +1\n%0 += 1\nif %0 > 5 goto +1\n%0 += 1\nif %0 >= 5 goto +1\n%0 += 1\n"
      "if %0 < 5 goto +1\n%0 += 1\nif %0 <= 5 goto +1\n%0 += 1\nif %0 s> 5 goto +1\n%0 += 1\nif %0 s>= -5 goto +1\n%0 += 1\n"
      "if %0 s< 5 goto +1\n%0 += 1\nif %0 s<= 5 goto +1\n%0 += 1\nif %0 & 4 goto +1\n%0 += 1\ngoto +0\n"
      : "+r"(value));
  results[5] = value;
  return 0;
}
