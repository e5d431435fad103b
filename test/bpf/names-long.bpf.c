// Names longer than the kernel's 15 characters: of the object, programs, functions, maps and variables.
#include "context.h"

LICENSE("GPL");

struct {
  UINT(type, BPF_MAP_TYPE_ARRAY);
  UINT(max_entries, 1);
  TYPE(key, u32);
  TYPE(value, u32);
} a_map_with_quite_a_long_name SEC(".maps");

u32 a_variable_with_quite_a_long_name;
u32 in_a_section_of_long_name SEC(".data.section_of_long_name");

static NOINLINE u32 a_function_with_quite_a_long_name(u32 value) {
  OPAQUE(value);
  return value + 1;
}

SEC("xdp")
int a_program_with_quite_a_long_name(struct xdp_md *context) {
  u32 key = 0;
  u32 *value = bpf_map_lookup_elem(&a_map_with_quite_a_long_name, &key);
  if (value) *value += 1;
  in_a_section_of_long_name++;
  return a_function_with_quite_a_long_name(a_variable_with_quite_a_long_name++);
}

// Fifteen characters, and differing from the next only after them.
SEC("xdp")
int same_fifteen_ch_one(struct xdp_md *context) {
  return 1;
}

SEC("xdp")
int same_fifteen_ch_two(struct xdp_md *context) {
  return 2;
}
