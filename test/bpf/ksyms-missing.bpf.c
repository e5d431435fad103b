// A strong reference to a symbol that no kernel has: refused.
#include "context.h"

LICENSE("GPL");

extern const void not_in_any_kernel KSYM;

SEC("raw_tp/sys_enter")
int read(void *context) {
  return (u64)&not_in_any_kernel & 1;
}
