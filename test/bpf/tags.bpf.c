// Declaration and type tags, on functions, arguments, members, variables and typedefs; and forward declarations.
#include "context.h"

LICENSE("GPL");

#define KPTR TYPE_TAG("kptr_untrusted")
#define NONNULL TAG("arg:nonnull")

struct forward;
struct task_struct;
typedef int tagged_int TAG("typedef");

struct holder {
  struct task_struct KPTR *task;
  int member TAG("member");
  struct forward *forward;
};

struct {
  UINT(type, BPF_MAP_TYPE_ARRAY);
  UINT(max_entries, 1);
  TYPE(key, u32);
  TYPE(value, struct holder);
} holders SEC(".maps");

tagged_int variable TAG("variable") = 3;

NOINLINE TAG("function") int add(int *value NONNULL) {
  return *value + 1;
}

SEC("tc")
int use(struct __sk_buff *skb) {
  u32 key = 0;
  struct holder *holder = bpf_map_lookup_elem(&holders, &key);
  int value = holder ? holder->member : variable;
  return add(&value);
}
