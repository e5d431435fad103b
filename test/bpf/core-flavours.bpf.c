// CO-RE over several local flavours of the same kernel struct, an anonymous union on the way, arrays of structs,
// typedefs in the path, and a member whose size differs from the kernel's (the load's width is changed).
#include "context.h"
#include "kernel.h"

LICENSE("GPL");

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct task_struct___one {
  int pid;
};
struct task_struct___two {
  u64 start_time;
};
// Only what follows the last three underscores is the flavour, so this names a struct `task_struct___two`.
struct task_struct___two___with_underscores {
  u64 start_time;
};
// In the kernel skc_daddr is within an anonymous union of an anonymous struct.
struct sock_common___nested {
  u32 skc_daddr;
  u32 skc_rcv_saddr;
  u16 skc_dport;
};
struct sock___nested {
  struct sock_common___nested __sk_common;
};
typedef struct {
  s64 counter;
} atomic64_t;
struct mm_struct___typed {
  u64 total_vm;
};
struct task_struct___narrow {
  // 32 bits without sign in the kernel: the 8-byte load becomes a 4-byte one.
  u64 flags;
};
struct dentry_name {
  u32 hash;
};
struct qstr {
  u32 len;
};
struct dentry {
  struct qstr d_name;
  struct dentry *d_parent;
};
struct path {
  struct dentry *dentry;
};
struct fs_struct {
  struct path pwd;
};
struct task_struct___deep {
  struct fs_struct *fs;
  struct mm_struct___typed *mm;
};
#pragma clang attribute pop

u64 results[8];

SEC("tp_btf/sched_process_fork")
int read(u64 *context) {
  struct task_struct___one *one = (void *)context[0];
  struct task_struct___two *two = (void *)one;
  struct task_struct___narrow *narrow = (void *)one;
  struct task_struct___deep *deep = (void *)one;
  results[0] = one->pid;
  results[1] = two->start_time;
  results[2] = narrow->flags;
  results[3] = deep->fs->pwd.dentry->d_name.len;
  struct sock___nested *sock = (void *)one;
  results[4] = core_field(sock->__sk_common.skc_daddr, CORE_BYTE_OFFSET);
  results[5] = core_field(sock->__sk_common.skc_dport, CORE_BYTE_OFFSET);
  struct mm_struct___typed *mm = deep->mm;
  results[6] = mm ? CORE_READ(mm, total_vm) : 0;
  results[7] = core_type(struct task_struct___two___with_underscores, CORE_TYPE_EXISTS);
  return 0;
}
