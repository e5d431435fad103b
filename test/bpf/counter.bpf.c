// The demo: counts a cgroup's packets by protocol and port, and the forks of every task. Loads on every kernel from 5.10.
// build: -mcpu=v2
#include "context.h"
#include "kernel.h"

LICENSE("GPL");

struct flow {
  u8 protocol;
  u8 egress;
  u16 port;
};

struct traffic {
  u64 packets;
  u64 bytes;
};

struct forks {
  u64 count;
  u32 parent;
  char comm[16];
};

struct {
  UINT(type, BPF_MAP_TYPE_HASH);
  UINT(max_entries, 1024);
  TYPE(key, struct flow);
  TYPE(value, struct traffic);
} counts SEC(".maps");

struct {
  UINT(type, BPF_MAP_TYPE_LRU_HASH);
  UINT(max_entries, 1024);
  TYPE(key, u32);
  TYPE(value, struct forks);
} forks SEC(".maps");

// Packets shorter than this are not counted.
const volatile u32 threshold = 0;
u64 packets_seen = 0;
u64 packets_ignored = 0;

static NOINLINE int count(struct __sk_buff *skb, bool egress) {
  struct flow key = {.egress = egress};
  u8 first = 0;
  bpf_skb_load_bytes(skb, 0, &first, sizeof(first));
  u32 header = 40;
  if (first >> 4 == 4) {
    header = (first & 15) * 4;
    bpf_skb_load_bytes(skb, 9, &key.protocol, sizeof(key.protocol));
  } else {
    bpf_skb_load_bytes(skb, 6, &key.protocol, sizeof(key.protocol));
  }
  // TCP and UDP both begin with the source and the destination port.
  if (key.protocol == 6 || key.protocol == 17) {
    bpf_skb_load_bytes(skb, header + 2, &key.port, sizeof(key.port));
    key.port = __builtin_bswap16(key.port);
  }
  __sync_fetch_and_add(&packets_seen, 1);
  if (skb->len < threshold) {
    __sync_fetch_and_add(&packets_ignored, 1);
    return 1;
  }
  struct traffic *traffic = bpf_map_lookup_elem(&counts, &key);
  if (!traffic) {
    struct traffic zero = {};
    bpf_map_update_elem(&counts, &key, &zero, BPF_NOEXIST);
    traffic = bpf_map_lookup_elem(&counts, &key);
    if (!traffic) return 1;
  }
  __sync_fetch_and_add(&traffic->packets, 1);
  __sync_fetch_and_add(&traffic->bytes, skb->len);
  return 1;
}

SEC("cgroup_skb/ingress")
int ingress(struct __sk_buff *skb) {
  return count(skb, false);
}

SEC("cgroup_skb/egress")
int egress(struct __sk_buff *skb) {
  return count(skb, true);
}

SEC("tp/sched/sched_process_fork")
int forked(void *context) {
  struct task_struct *task = (void *)bpf_get_current_task();
  u32 tgid = CORE_READ(task, tgid);
  struct forks *entry = bpf_map_lookup_elem(&forks, &tgid);
  if (entry) {
    __sync_fetch_and_add(&entry->count, 1);
    return 0;
  }
  struct forks first = {.count = 1};
  struct task_struct *parent = CORE_READ(task, real_parent);
  first.parent = CORE_READ(parent, tgid);
  bpf_probe_read_kernel_str(first.comm, sizeof(first.comm), &task->comm);
  bpf_map_update_elem(&forks, &tgid, &first, BPF_ANY);
  return 0;
}
