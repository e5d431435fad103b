#include "context.h"

SEC("kprobe/do_nanosleep")
int program(void *context) {
  u64 word = 0;
  bpf_probe_read_kernel(&word, sizeof(word), context);
  return word != 0;
}

LICENSE("MIT"); // the helper is for GPL-compatible programs only
