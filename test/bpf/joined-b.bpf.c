// The second of three parts that the static linker joins.
// build as joined-b: -mcpu=v3
// build as joined-b-be: -mcpu=v3 -mbig-endian
#include "context.h"
#include "kernel.h"

LICENSE("GPL");
u32 _version SEC("version") = 0x60c00;

struct item {
  u32 weight;
  struct item *next;
};

// Modifiers and typedefs make no difference for the key.
typedef struct key {
  u32 number;
} key_type;

extern struct {
  UINT(type, BPF_MAP_TYPE_HASH);
  UINT(max_entries, 16);
  TYPE(key, const key_type);
  TYPE(value, u64);
} counts IN_MAPS;

struct {
  UINT(type, BPF_MAP_TYPE_ARRAY);
  UINT(max_entries, 1);
  TYPE(key, u32);
  TYPE(value, u64);
} shared WEAK SEC(".maps");

extern int LINUX_KERNEL_VERSION KCONFIG;
// A strong extern makes the weak one of part a strong.
extern bool CONFIG_BPF KCONFIG;
extern u32 CONFIG_HZ KCONFIG WEAK;
void bpf_rcu_read_lock(void) KSYM WEAK;
void bpf_rcu_read_unlock(void) KSYM WEAK;

const volatile u32 threshold = 2;
WEAK u64 total = 20;
TAG("measured") u64 table[4] = {1, 2, 3, 4};
u8 page[64] __attribute__((aligned(64))) = {5};
u16 more SEC(".data.extra") = 4;
static volatile u32 same_name = 2;
static volatile u32 same_empty;

static NOINLINE u32 same_step(u32 value) {
  OPAQUE(value);
  return value * same_name++;
}

static NOINLINE long same_callback(u64 index, void *context) {
  same_empty += 2 * index;
  return 0;
}

NOINLINE u32 weigh(struct item *item, u32 factor) {
  OPAQUE(factor);
  return item ? item->weight * factor : factor;
}

NOINLINE u32 prefer(u32 value) {
  OPAQUE(value);
  return value + same_step(value);
}

NOINLINE u32 replaced(u32 new_name) {
  OPAQUE(new_name);
  return new_name + 2;
}

WEAK NOINLINE u32 kept(u32 value) {
  OPAQUE(value);
  return value + 100;
}

SEC("tc")
int second(struct __sk_buff *skb) {
  struct task_struct *task = (void *)bpf_get_current_task();
  key_type key = {2};
  bpf_map_lookup_elem(&counts, &key);
  bpf_loop(3, same_callback, NULL, 0);
  if (bpf_rcu_read_lock && bpf_rcu_read_unlock && CONFIG_BPF) total += CONFIG_HZ + LINUX_KERNEL_VERSION + more;
  return replaced(skb->len) + kept(__builtin_preserve_access_index(&task->tgid) != NULL) + threshold;
}

SEC("?xdp")
int third(struct xdp_md *context) {
  return total > table[2] ? XDP_PASS : 1;
}
