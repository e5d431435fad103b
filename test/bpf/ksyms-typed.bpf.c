// Kernel variables by type, per CPU. The kernel looks their addresses up by name, so it needs CONFIG_KALLSYMS_ALL.
#include "context.h"

LICENSE("GPL");

struct rq {
  unsigned int nr_running;
};

extern const struct rq runqueues KSYM;
extern const int typed_not_in_any_kernel KSYM WEAK;

u64 cpus_seen;
u64 missing = 1;

SEC("raw_tp/sys_enter")
int read(void *context) {
  const struct rq *queue = bpf_per_cpu_ptr(&runqueues, 0);
  if (queue) cpus_seen++;
  queue = bpf_this_cpu_ptr(&runqueues);
  if (queue) cpus_seen++;
  missing = (u64)&typed_not_in_any_kernel;
  return 0;
}
