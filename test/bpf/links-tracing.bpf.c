// Every tracing kind of link, all optional (`?`): each program counts its runs, of one process only if `wanted` is set,
// and keeps the cookie that it was attached with.
// Loads from 5.10 on.
// build: -mcpu=v2
#include "context.h"
#include "kernel.h"

LICENSE("GPL");

// The process to count; 0 for all.
const volatile u32 wanted = 0;
// Whether this kernel gives this kind of program a cookie.
const volatile bool with_cookie = false;

u64 hits = 0;
u64 cookie = 0;
u64 last = 0;

static u64 (*const bpf_get_attach_cookie)(void *context) = (void *)174;

static inline __attribute__((always_inline)) int hit(void *context) {
  if (wanted && bpf_get_current_pid_tgid() >> 32 != wanted) return 0;
  __sync_fetch_and_add(&hits, 1);
  if (with_cookie) cookie = bpf_get_attach_cookie(context);
  return 0;
}

#define PROGRAM(section, name) \
  SEC(section) int name(u64 *context) { return hit(context); }

PROGRAM("?fentry/bpf_fentry_test1", on_fentry)
PROGRAM("?fexit/bpf_fentry_test1", on_fexit)
PROGRAM("?fmod_ret/bpf_modify_return_test", on_fmod_ret)
PROGRAM("?fsession/bpf_fentry_test1", on_fsession)
PROGRAM("?fentry.multi/bpf_fentry_test*", on_fentry_multi)
PROGRAM("?tp_btf/sys_enter", on_tp_btf)
PROGRAM("?lsm/file_open", on_lsm)
PROGRAM("?raw_tp/sys_enter", on_raw_tp)
PROGRAM("?raw_tp.w/bpf_test_finish", on_raw_tp_writable)
PROGRAM("?tp/syscalls/sys_enter_getpriority", on_tracepoint)
PROGRAM("?perf_event", on_perf_event)
PROGRAM("?kprobe/bpf_fentry_test1", on_kprobe)
PROGRAM("?kretprobe/bpf_fentry_test1", on_kretprobe)
PROGRAM("?ksyscall/getpriority", on_ksyscall)
PROGRAM("?kretsyscall/getpriority", on_kretsyscall)
PROGRAM("?kprobe.multi/bpf_fentry_test?", on_kprobe_multi)
PROGRAM("?kretprobe.multi/bpf_fentry_test*", on_kretprobe_multi)
PROGRAM("?kprobe.session/bpf_fentry_test*", on_kprobe_session)
PROGRAM("?uprobe/libc.so.6:getpriority", on_uprobe)
PROGRAM("?uprobe", on_uprobe_anywhere)
PROGRAM("?uretprobe/libc.so.6:getpriority", on_uretprobe)
PROGRAM("?uprobe.multi/libc.so.6:getpriorit?", on_uprobe_multi)
PROGRAM("?uretprobe.multi/libc.so.6:getpriorit?", on_uretprobe_multi)
PROGRAM("?uprobe.session/libc.so.6:getpriorit?", on_uprobe_session)

SEC("?xdp")
int no_link(struct xdp_md *context) {
  return XDP_PASS;
}

SEC("?freplace/replaceable")
int on_freplace(struct xdp_md *context) {
  __sync_fetch_and_add(&hits, 1);
  if (with_cookie) cookie = bpf_get_attach_cookie(context);
  return 1;
}

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct bpf_iter__task {
  struct bpf_iter_meta *meta;
  struct task_struct *task;
};
struct bpf_map {
  u32 id;
};
struct bpf_iter__bpf_map_elem {
  struct bpf_iter_meta *meta;
  struct bpf_map *map;
  void *key;
  void *value;
};
struct bpf_iter__cgroup {
  struct bpf_iter_meta *meta;
  struct cgroup *cgroup;
};
#pragma clang attribute pop

static long (*const bpf_seq_printf)(void *seq, const char *format, u32 size, const void *data, u32 data_size) =
    (void *)126;

// One line for each task.
SEC("?iter/task")
int tasks(struct bpf_iter__task *context) {
  struct task_struct *task = context->task;
  if (!task) return 0;
  __sync_fetch_and_add(&hits, 1);
  u64 values[] = {task->tgid, task->pid};
  static const char format[] = "%d %d\n";
  bpf_seq_printf(context->meta->seq, format, sizeof(format), values, sizeof(values));
  return 0;
}

// The same with one more word, to update to.
SEC("?iter/task")
int other_tasks(struct bpf_iter__task *context) {
  struct task_struct *task = context->task;
  if (!task) return 0;
  __sync_fetch_and_add(&last, 1);
  u64 values[] = {task->tgid, task->pid};
  static const char format[] = "task %d %d\n";
  bpf_seq_printf(context->meta->seq, format, sizeof(format), values, sizeof(values));
  return 0;
}

// Each element as sixteen bytes.
SEC("?iter/bpf_map_elem")
int elements(struct bpf_iter__bpf_map_elem *context) {
  u32 *key = context->key;
  u64 *value = context->value;
  if (!key || !value) return 0;
  __sync_fetch_and_add(&hits, 1);
  struct {
    u64 key, value;
  } record = {*key, *value};
  bpf_seq_write(context->meta->seq, &record, sizeof(record));
  return 0;
}

// The level of each cgroup.
SEC("?iter/cgroup")
int cgroups(struct bpf_iter__cgroup *context) {
  struct cgroup *cgroup = context->cgroup;
  if (!cgroup) return 0;
  __sync_fetch_and_add(&hits, 1);
  u64 level = cgroup->level;
  static const char format[] = "%d\n";
  bpf_seq_printf(context->meta->seq, format, sizeof(format), &level, sizeof(level));
  return 0;
}

struct {
  UINT(type, BPF_MAP_TYPE_HASH);
  UINT(max_entries, 4096);
  TYPE(key, u32);
  TYPE(value, u64);
} iterated SEC(".maps");

struct {
  UINT(type, BPF_MAP_TYPE_ARRAY);
  UINT(max_entries, 1);
  TYPE(key, u32);
  TYPE(value, u64);
} other SEC(".maps");
