// Inode storage, which only LSM programs use: needs a kernel with BPF trampolines.
#include "context.h"
#include "kernel.h"

LICENSE("GPL");

struct {
  UINT(type, BPF_MAP_TYPE_INODE_STORAGE);
  UINT(map_flags, BPF_F_NO_PREALLOC);
  TYPE(key, int);
  TYPE(value, u64);
} inode_storage SEC(".maps");

SEC("lsm/inode_unlink")
int unlink(u64 *context) {
  struct inode *directory = (void *)context[0];
  u64 *value = bpf_inode_storage_get(&inode_storage, directory, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
  if (value) *value += 1;
  return 0;
}
