// Iterators: over tasks, maps, links and a map's elements, one of them sleepable.
#include "context.h"
#include "kernel.h"

LICENSE("GPL");

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct bpf_iter__task {
  struct bpf_iter_meta *meta;
  struct task_struct *task;
};
struct bpf_map {
  u32 id;
};
struct bpf_iter__bpf_map {
  struct bpf_iter_meta *meta;
  struct bpf_map *map;
};
struct bpf_iter__bpf_map_elem {
  struct bpf_iter_meta *meta;
  struct bpf_map *map;
  void *key;
  void *value;
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

SEC("iter.s/task")
int tasks_sleepable(struct bpf_iter__task *context) {
  return 0;
}

SEC("iter/bpf_map")
int maps(struct bpf_iter__bpf_map *context) {
  struct bpf_map *map = context->map;
  if (!map) return 0;
  u32 id = map->id;
  bpf_seq_write(context->meta->seq, &id, sizeof(id));
  return 0;
}

SEC("iter/bpf_map_elem")
int elements(struct bpf_iter__bpf_map_elem *context) {
  u32 *key = context->key;
  u64 *value = context->value;
  if (!key || !value) return 0;
  struct {
    u64 key, value;
  } record = {*key, *value};
  bpf_seq_write(context->meta->seq, &record, sizeof(record));
  return 0;
}

struct {
  UINT(type, BPF_MAP_TYPE_HASH);
  UINT(max_entries, 16);
  TYPE(key, u32);
  TYPE(value, u64);
} iterated SEC(".maps");
