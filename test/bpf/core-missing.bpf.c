// CO-RE for what the kernel lacks: guarded accesses become dead code, which the loader poisons and the verifier drops.
#include "context.h"
#include "kernel.h"

LICENSE("GPL");

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
// Flavours of one struct, as it was in two kernels: each access is guarded by the field's existence.
struct task_struct___before {
  long state;
};
struct task_struct___after {
  unsigned int __state;
};
struct sock___never {
  u64 no_such_member;
  struct not_in_any_kernel *nor_this;
};
struct not_in_any_kernel {
  u64 value;
};
#pragma clang attribute pop
enum pid_type { PIDTYPE_NOT_THERE = 77 };

u64 state;
u64 never;

SEC("raw_tp/sys_enter")
int read(void *context) {
  struct task_struct___after *after = (void *)bpf_get_current_task();
  struct task_struct___before *before = (void *)after;
  if (core_field(after->__state, CORE_EXISTS))
    state = CORE_READ(after, __state);
  else
    state = CORE_READ(before, state);
  struct sock___never *sock = (void *)before;
  if (core_field(sock->no_such_member, CORE_EXISTS)) never = CORE_READ(sock, no_such_member);
  if (core_type(struct not_in_any_kernel, CORE_TYPE_EXISTS)) {
    struct not_in_any_kernel *missing = (void *)sock;
    never = CORE_READ(missing, value) + core_type(struct not_in_any_kernel, CORE_TYPE_SIZE);
  }
  if (core_enum(enum pid_type, PIDTYPE_NOT_THERE, CORE_ENUM_EXISTS))
    never = core_enum(enum pid_type, PIDTYPE_NOT_THERE, CORE_ENUM_VALUE);
  return 0;
}
