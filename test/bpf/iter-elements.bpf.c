// An iterator over the elements of a map, which prints each as a line of text (bpf_seq_printf, 5.8).
#include "context.h"
#include "kernel.h"

LICENSE("GPL");

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct bpf_map {
  u32 id;
};
struct bpf_iter__bpf_map_elem {
  struct bpf_iter_meta *meta;
  struct bpf_map *map;
  void *key;
  void *value;
};
#pragma clang attribute pop

static long (*const bpf_seq_printf)(void *, const char *, u32, const void *, u32) = (void *)126;

SEC("iter/bpf_map_elem")
int print_elements(struct bpf_iter__bpf_map_elem *context) {
  u32 *key = context->key, *value = context->value;
  if (!key || !value) return 0;
  static const char format[] = "%u: %u\n";
  u64 parts[2] = {*key, *value};
  bpf_seq_printf(context->meta->seq, format, sizeof(format), parts, sizeof(parts));
  return 0;
}
