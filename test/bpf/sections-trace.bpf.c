// The tracing hooks that need no BPF trampoline.
#include "context.h"
#include "kernel.h"

LICENSE("GPL");

u64 hits = 0;
static ALWAYS_INLINE int hit(void) {
  __sync_fetch_and_add(&hits, 1);
  return 0;
}

SEC("tracepoint/sched/sched_switch")
int tracepoint_long(void *context) {
  return hit();
}

SEC("tp/syscalls/sys_enter_getpid")
int tracepoint_short(void *context) {
  return hit();
}

SEC("raw_tracepoint/sched_switch")
int raw_long(struct bpf_raw_tracepoint_args *context) {
  return context->args[0] ? hit() : 0;
}

SEC("raw_tp/sched_process_exec")
int raw_short(struct bpf_raw_tracepoint_args *context) {
  return hit();
}

SEC("tp_btf/sched_process_exit")
int typed(u64 *context) {
  struct task_struct *task = (void *)context[0];
  return task->tgid ? hit() : 0;
}

SEC("perf_event")
int sampled(struct bpf_perf_event_data *context) {
  return hit();
}
