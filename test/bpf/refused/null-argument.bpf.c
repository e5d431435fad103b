#include "context.h"
#include "kernel.h"

struct task_struct *bpf_task_from_pid(int pid) KSYM;
void bpf_task_release(struct task_struct *task) KSYM;

SEC("syscall")
int program(void *context) {
  bpf_task_release(bpf_task_from_pid(1)); // there may be no such task
  return 0;
}

LICENSE("GPL");
