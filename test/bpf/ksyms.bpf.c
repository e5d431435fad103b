// The kernel's symbols by address only: functions (always listed), data (only with CONFIG_KALLSYMS_ALL) and absent ones.
#include "context.h"

LICENSE("GPL");

extern const void bpf_prog_put KSYM;
extern const void bpf_map_put KSYM WEAK;
extern const void jiffies_64 KSYM WEAK;
extern const void not_in_any_kernel KSYM WEAK;
extern const int typed_not_in_any_kernel KSYM WEAK;

u64 address;
u64 distance;
u64 data;
u64 missing = 1;

SEC("raw_tp/sys_enter")
int read(void *context) {
  address = (u64)&bpf_prog_put;
  distance = (u64)&bpf_map_put - (u64)&bpf_prog_put;
  data = (u64)&jiffies_64;
  missing = (u64)&not_in_any_kernel + (u64)&typed_not_in_any_kernel;
  return 0;
}
