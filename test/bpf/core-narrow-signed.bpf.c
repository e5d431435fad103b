// A load whose width differs from the kernel's signed member: cannot be repaired (the sign would be lost), so refused.
#include "context.h"
#include "kernel.h"

LICENSE("GPL");

struct task_struct___narrow {
  u64 prio;
} __attribute__((preserve_access_index));

u64 result;

SEC("tp_btf/sched_process_fork")
int read(u64 *context) {
  struct task_struct___narrow *task = (void *)context[0];
  result = task->prio;
  return 0;
}
