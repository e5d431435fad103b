// Variables in every kind of data section, with every linkage.
// build: -mcpu=v3
// build as data-sections-be: -mcpu=v3 -mbig-endian
#include "context.h"

LICENSE("GPL");

u64 zero;
u32 initialized = 0x11223344;
const volatile u32 constant = 7;
static volatile u32 static_zero;
static volatile u32 static_initialized = 5;
static const volatile u64 static_constant = 0x123456789abcdef0ULL;
WEAK u32 weak_initialized = 9;
HIDDEN u32 hidden_zero;
HIDDEN WEAK u32 hidden_weak = 3;

u32 custom_data[3] SEC(".data.custom") = {1, 2, 3};
u32 custom_bss SEC(".bss.custom");
const volatile u32 custom_constant SEC(".rodata.custom") = 8;
u16 unaligned_pair[3] SEC(".data.a_rather_long_name") = {1, 2, 3};

SEC("syscall")
int sum(void *context) {
  static volatile u32 calls;
  calls++;
  zero = initialized + constant + static_zero + static_initialized + static_constant + weak_initialized + hidden_zero +
         hidden_weak + custom_data[1] + custom_constant + unaligned_pair[2] + calls;
  custom_bss = zero;
  static_zero++;
  hidden_zero++;
  return zero;
}
