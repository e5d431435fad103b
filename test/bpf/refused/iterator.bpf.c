#include "context.h"

struct bpf_iter_num {
  u64 opaque;
} __attribute__((aligned(8)));
int *bpf_iter_num_next(struct bpf_iter_num *iterator) KSYM;

SEC("syscall")
int program(void *context) {
  struct bpf_iter_num iterator;
  return bpf_iter_num_next(&iterator) != 0; // bpf_iter_num_new() was not called
}

LICENSE("GPL");
