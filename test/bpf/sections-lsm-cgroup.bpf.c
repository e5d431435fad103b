// lsm_cgroup: runs on a BPF trampoline, so a kernel without them refuses it.
#include "context.h"

LICENSE("GPL");

SEC("lsm_cgroup/socket_bind")
int attached(u64 *context) {
  return 1;
}
