// Calls of kernel functions, one absent (weak, and guarded by its address), one by another name for the same function.
#include "context.h"
#include "kernel.h"

LICENSE("GPL");

struct task_struct *bpf_task_from_pid(int pid) KSYM;
struct task_struct *bpf_task_acquire(struct task_struct *task) KSYM;
void bpf_task_release(struct task_struct *task) KSYM;
void bpf_task_release___flavour(struct task_struct *task) KSYM WEAK;
void bpf_not_in_any_kernel(int number) KSYM WEAK;
u64 bpf_ktime_not_there(void) KSYM WEAK;
void bpf_rcu_read_lock(void) KSYM WEAK;
void bpf_rcu_read_unlock(void) KSYM WEAK;

u64 found;
u64 absent;

SEC("syscall")
int call(void *context) {
  struct task_struct *task = bpf_task_from_pid(1);
  if (task) {
    found++;
    bpf_task_release(task);
  }
  if (bpf_not_in_any_kernel)
    bpf_not_in_any_kernel(1);
  else
    absent++;
  if (!bpf_ktime_not_there) absent++;
  if (bpf_rcu_read_lock) {
    bpf_rcu_read_lock();
    bpf_rcu_read_unlock();
  }
  return 0;
}

SEC("tp_btf/sched_process_fork")
int flavoured(u64 *context) {
  struct task_struct *task = bpf_task_acquire(bpf_get_current_task_btf());
  if (!task) return 0;
  if (bpf_task_release___flavour)
    bpf_task_release___flavour(task);
  else
    bpf_task_release(task);
  return 0;
}
