// What a global function's argument may be told by tags: the context behind a void pointer, non-null, nullable, trusted.
#include "context.h"
#include "kernel.h"

LICENSE("GPL");

NOINLINE int of_context(void *context TAG("arg:ctx")) {
  u64 *arguments = context;
  return arguments[0] != 0;
}

NOINLINE int of_number(u32 *number TAG("arg:nonnull")) {
  return *number + 1;
}

NOINLINE int of_task(struct task_struct *task TAG("arg:trusted") TAG("arg:nullable")) {
  return task ? task->tgid : 0;
}

SEC("tp_btf/sched_process_fork")
int traced(u64 *context) {
  u32 number = 1;
  return (of_context(context) + of_number(&number) + of_task((void *)context[0])) & 0;
}

SEC("perf_event")
int sampled(struct bpf_perf_event_data *context) {
  return of_context(context);
}
