// fentry: runs on a BPF trampoline, so a kernel without them refuses it.
#include "context.h"

LICENSE("GPL");

SEC("fentry/do_unlinkat")
int attached(u64 *context) {
  return 0;
}
