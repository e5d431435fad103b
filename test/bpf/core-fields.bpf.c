// CO-RE, the six kinds about fields: offset, size, existence, signedness and both shifts, of nested, array and flexible
// members, also of members that no kernel has.
// build: -mcpu=v3
// build as core-fields-be: -mcpu=v3 -mbig-endian
// build as core-fields-v1: -mcpu=v1
// build as core-fields-clang14: -mcpu=v2 clang-14
#include "context.h"
#include "kernel.h"

LICENSE("GPL");

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct upid {
  int nr;
};
struct pid {
  unsigned int level;
  struct upid numbers[];
};
struct task_struct___more {
  struct pid *thread_pid;
  int rcu_read_lock_nesting;
  struct list_head tasks;
  u64 not_in_any_kernel;
  struct {
    int nor_this;
  } not_here;
};
#pragma clang attribute pop

u64 results[32];

SEC("raw_tp/sys_enter")
int read(void *context) {
  struct task_struct *task = (void *)bpf_get_current_task();
  struct task_struct___more *more = (void *)task;
  results[0] = core_field(task->tgid, CORE_BYTE_OFFSET);
  results[1] = core_field(task->comm, CORE_BYTE_SIZE);
  results[2] = core_field(task->comm[3], CORE_BYTE_OFFSET);
  results[3] = core_field(task->prio, CORE_EXISTS);
  results[4] = core_field(task->prio, CORE_SIGNED);
  results[5] = core_field(task->flags, CORE_SIGNED);
  results[6] = core_field(task->flags, CORE_SHIFT_LEFT);
  results[7] = core_field(task->flags, CORE_SHIFT_RIGHT);
  results[8] = core_field(more->tasks.next, CORE_BYTE_OFFSET);
  results[9] = core_field(more->not_in_any_kernel, CORE_EXISTS);
  results[10] = core_field(more->not_here.nor_this, CORE_EXISTS);
  results[11] = core_field(more->thread_pid, CORE_EXISTS);
  struct pid *pid = CORE_READ(more, thread_pid);
  results[12] = CORE_READ(pid, numbers[0].nr);
  results[13] = core_field(pid->numbers[2].nr, CORE_BYTE_OFFSET);
  struct task_struct *leader = CORE_READ(task, group_leader);
  results[14] = CORE_READ(leader, tgid);
  results[15] = (u64)CORE_READ(task, real_parent);
  if (core_field(more->not_in_any_kernel, CORE_EXISTS)) results[16] = CORE_READ(more, not_in_any_kernel);
  return 0;
}

// Typed pointers are read directly: the relocation is in the load instruction itself.
SEC("tp_btf/sched_process_fork")
int direct(u64 *context) {
  struct task_struct *task = (void *)context[0];
  results[20] = task->tgid;
  results[21] = task->start_time;
  results[22] = task->comm[1];
  results[23] = task->group_leader->pid;
  results[24] = task->cgroups->dfl_cgrp->level;
  return 0;
}
