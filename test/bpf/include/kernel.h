// The few members of kernel structs that the fixtures read. Offsets here are meaningless: each access is recorded as a
// CO-RE relocation and the loader writes the running kernel's offset.
#pragma once
#include "bpf.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct kuid {
  u32 val;
};

struct css_set;

struct kernfs_node {
  u64 id;
};

struct cgroup {
  int level;
  struct kernfs_node *kn;
};

struct css_set {
  struct cgroup *dfl_cgrp;
};

struct list_head {
  struct list_head *next, *prev;
};

struct task_struct {
  unsigned int flags;
  int prio;
  int pid;
  int tgid;
  struct task_struct *real_parent;
  struct task_struct *group_leader;
  struct css_set *cgroups;
  u64 start_time;
  char comm[16];
};

struct sock_common {
  u16 skc_family;
  u16 skc_num;
};

struct sock {
  struct sock_common __sk_common;
  u16 sk_protocol;
};

struct inode {
  unsigned long i_ino;
};

struct seq_file {
  u64 count;
};

struct bpf_iter_meta {
  struct seq_file *seq;
  u64 session_id;
  u64 seq_num;
};

#pragma clang attribute pop

#define CORE_READ_INTO(to, source) bpf_probe_read_kernel(to, sizeof(*(to)), source)
// Reads one member of a kernel struct through the helper: works in every kind of tracing program.
#define CORE_READ(pointer, member)                    \
  ({                                                  \
    typeof((pointer)->member) value;                  \
    CORE_READ_INTO(&value, &(pointer)->member);       \
    value;                                            \
  })

enum core_field { CORE_BYTE_OFFSET, CORE_BYTE_SIZE, CORE_EXISTS, CORE_SIGNED, CORE_SHIFT_LEFT, CORE_SHIFT_RIGHT };
enum core_type_id { CORE_TYPE_ID_LOCAL, CORE_TYPE_ID_TARGET };
enum core_type { CORE_TYPE_EXISTS, CORE_TYPE_SIZE, CORE_TYPE_MATCHES };
enum core_enum { CORE_ENUM_EXISTS, CORE_ENUM_VALUE };

#define core_field(expression, what) __builtin_preserve_field_info(expression, what)
#define core_type(type, what) __builtin_preserve_type_info(*(typeof(type) *)0, what)
#define core_type_id(type, what) __builtin_btf_type_id(*(typeof(type) *)0, what)
#define core_enum(type, value, what) __builtin_preserve_enum_value(*(typeof(type) *)value, what)
