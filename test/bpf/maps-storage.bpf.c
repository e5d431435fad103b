// Values kept beside kernel objects: sockets, tasks, cgroups (three kinds).
#include "context.h"
#include "kernel.h"

LICENSE("GPL");

struct storage_key {
  u64 cgroup;
  u32 attach_type;
};

struct {
  UINT(type, BPF_MAP_TYPE_SK_STORAGE);
  UINT(map_flags, BPF_F_NO_PREALLOC);
  TYPE(key, int);
  TYPE(value, u64);
} socket_storage SEC(".maps");

struct {
  UINT(type, BPF_MAP_TYPE_TASK_STORAGE);
  UINT(map_flags, BPF_F_NO_PREALLOC);
  TYPE(key, int);
  TYPE(value, u64);
} task_storage SEC(".maps");

struct {
  UINT(type, BPF_MAP_TYPE_CGRP_STORAGE);
  UINT(map_flags, BPF_F_NO_PREALLOC);
  TYPE(key, int);
  TYPE(value, u64);
} cgroup_storage SEC(".maps");

struct {
  UINT(type, BPF_MAP_TYPE_CGROUP_STORAGE);
  TYPE(key, struct storage_key);
  TYPE(value, u64);
} old_cgroup_storage SEC(".maps");

struct {
  UINT(type, BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE);
  TYPE(key, struct storage_key);
  TYPE(value, u32);
} old_percpu_cgroup_storage SEC(".maps");

SEC("cgroup_skb/egress")
int packet(struct __sk_buff *skb) {
  u64 *value = bpf_get_local_storage(&old_cgroup_storage, 0);
  u32 *percpu = bpf_get_local_storage(&old_percpu_cgroup_storage, 0);
  __sync_fetch_and_add(value, 1);
  *percpu += 1;
  struct bpf_sock *socket = skb->sk;
  if (!socket) return 1;
  value = bpf_sk_storage_get(&socket_storage, socket, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
  if (value) __sync_fetch_and_add(value, skb->len);
  return 1;
}

SEC("tp_btf/sched_process_fork")
int fork(u64 *context) {
  struct task_struct *task = bpf_get_current_task_btf();
  u64 *value = bpf_task_storage_get(&task_storage, task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
  if (value) *value += 1;
  value = bpf_cgrp_storage_get(&cgroup_storage, task->cgroups->dfl_cgrp, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
  if (value) *value += 1;
  return 0;
}
