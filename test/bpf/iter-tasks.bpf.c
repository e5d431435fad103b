// An iterator over tasks, which writes each one's process and thread.
#include "context.h"
#include "kernel.h"

LICENSE("GPL");

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct bpf_iter__task {
  struct bpf_iter_meta *meta;
  struct task_struct *task;
};
#pragma clang attribute pop

SEC("iter/task")
int tasks(struct bpf_iter__task *context) {
  struct task_struct *task = context->task;
  if (!task) return 0;
  struct {
    u32 tgid, pid;
  } record = {task->tgid, task->pid};
  bpf_seq_write(context->meta->seq, &record, sizeof(record));
  return 0;
}
