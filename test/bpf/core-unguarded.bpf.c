// An access to a member that no kernel has, unguarded: the verifier refuses the poisoned instruction, and a loader that
// means well says which member it was.
#include "context.h"
#include "kernel.h"

LICENSE("GPL");

struct task_struct___never {
  int no_such_member;
} __attribute__((preserve_access_index));

SEC("raw_tp/sys_enter")
int read(void *context) {
  struct task_struct___never *task = (void *)bpf_get_current_task();
  return CORE_READ(task, no_such_member);
}
