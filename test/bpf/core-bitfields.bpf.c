// CO-RE for bit fields: where the bits are is four relocations (offset, size, both shifts) and their signedness.
// build: -mcpu=v3
// build as core-bitfields-be: -mcpu=v3 -mbig-endian
#include "context.h"
#include "kernel.h"

LICENSE("GPL");

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct task_struct___bits {
  unsigned int in_execve : 1;
  unsigned int in_iowait : 1;
  unsigned int sched_migrated : 1;
};
struct request_sock {
  u8 num_timeout : 7;
};
struct tcp_sock {
  u8 nonagle : 4;
};
#pragma clang attribute pop

#define CORE_READ_BITS(pointer, member)                                                                     \
  ({                                                                                                        \
    u64 value = 0;                                                                                          \
    u32 size = core_field((pointer)->member, CORE_BYTE_SIZE);                                               \
    bpf_probe_read_kernel(&value, size & 15, (void *)(pointer) + core_field((pointer)->member, CORE_BYTE_OFFSET)); \
    value <<= core_field((pointer)->member, CORE_SHIFT_LEFT);                                               \
    core_field((pointer)->member, CORE_SIGNED) ? (s64)value >> core_field((pointer)->member, CORE_SHIFT_RIGHT) \
                                               : value >> core_field((pointer)->member, CORE_SHIFT_RIGHT);  \
  })

u64 results[8];

SEC("raw_tp/sys_enter")
int read(void *context) {
  struct task_struct___bits *task = (void *)bpf_get_current_task();
  struct request_sock *request = (void *)task;
  struct tcp_sock *tcp = (void *)task;
  results[0] = core_field(task->in_execve, CORE_BYTE_OFFSET);
  results[1] = core_field(task->in_execve, CORE_BYTE_SIZE);
  results[2] = core_field(task->in_iowait, CORE_SHIFT_LEFT);
  results[3] = core_field(task->in_iowait, CORE_SHIFT_RIGHT);
  results[4] = core_field(request->num_timeout, CORE_SHIFT_LEFT);
  results[5] = core_field(tcp->nonagle, CORE_SHIFT_RIGHT);
  results[6] = core_field(task->sched_migrated, CORE_SIGNED);
  return 0;
}
