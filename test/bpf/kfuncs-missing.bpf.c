// A strong reference to a kernel function that no kernel has: refused.
#include "context.h"

LICENSE("GPL");

void bpf_not_in_any_kernel(int number) KSYM;

SEC("syscall")
int call(void *context) {
  bpf_not_in_any_kernel(1);
  return 0;
}
