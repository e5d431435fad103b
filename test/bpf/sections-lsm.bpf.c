// lsm: runs on a BPF trampoline, so a kernel without them refuses it.
#include "context.h"

LICENSE("GPL");

SEC("lsm/file_open")
int attached(u64 *context) {
  return 0;
}
