// The first of three parts that the static linker joins. It defines some symbols, declares those of the other parts,
// and has weak ones that must win or lose.
// build as joined-a: -mcpu=v3
// build as joined-a-be: -mcpu=v3 -mbig-endian
#include "context.h"
#include "kernel.h"

LICENSE("GPL");
u32 _version SEC("version") = 0x60c00;

// Only declared here; part b defines it.
struct item;
extern u32 weigh(struct item *item, u32);
extern HIDDEN u32 prefer(u32);
extern u64 table[];
extern u8 page[];

extern int LINUX_KERNEL_VERSION KCONFIG;
extern bool CONFIG_BPF KCONFIG WEAK;
extern const void bpf_link_fops KSYM WEAK;
void bpf_rcu_read_lock(void) KSYM WEAK;

struct key {
  u32 number;
};

struct {
  UINT(type, BPF_MAP_TYPE_HASH);
  UINT(max_entries, 16);
  TYPE(key, struct key);
  TYPE(value, u64);
} counts SEC(".maps");

extern struct {
  UINT(max_entries, 4);
  UINT(type, BPF_MAP_TYPE_PROG_ARRAY);
  UINT(key_size, 4);
  ARRAY(values, u32(void *));
} jumps IN_MAPS;

struct {
  UINT(type, BPF_MAP_TYPE_ARRAY);
  UINT(max_entries, 1);
  TYPE(key, u32);
  TYPE(value, u64);
} shared WEAK SEC(".maps");

WEAK const volatile u32 threshold = 1;
WEAK u64 total = 10;
WEAK u32 empty;
u8 odd[3] SEC(".data.extra") = {1, 2, 3};
u8 single = 1;
static volatile u32 same_name = 1;
static volatile u32 same_empty;

static NOINLINE u32 same_step(u32 value) {
  OPAQUE(value);
  return value + same_name++;
}

static NOINLINE long same_callback(u64 index, void *context) {
  same_empty += index;
  return 0;
}

WEAK NOINLINE u32 replaced(u32 old_name) {
  OPAQUE(old_name);
  return old_name + 1;
}

WEAK NOINLINE u32 kept(u32 value) {
  OPAQUE(value);
  return value + bpf_get_smp_processor_id();
}

SEC("tc")
int first(struct __sk_buff *skb) {
  struct key key = {1};
  u32 zero = 0;
  u32 sum = weigh(NULL, skb->len) + prefer(threshold) + same_step(skb->len) + replaced(1) + kept(2);
  bpf_map_lookup_elem(&counts, &key);
  bpf_map_lookup_elem(&shared, &zero);
  bpf_loop(2, same_callback, NULL, 0);
  if (LINUX_KERNEL_VERSION > 0 && CONFIG_BPF && &bpf_link_fops) total += table[1] + page[0] + odd[1] + empty + single;
  bpf_tail_call(skb, &jumps, 0);
  return sum;
}
