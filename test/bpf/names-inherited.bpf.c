// Programs, maps, variables, members and externs that are named as what every JavaScript object inherits.
#include "context.h"

LICENSE("GPL");

extern const void isPrototypeOf KSYM WEAK;

int __proto__(struct xdp_md *context);

struct value {
  u32 constructor;
  u32 __proto__;
};

struct {
  UINT(type, BPF_MAP_TYPE_HASH);
  UINT(max_entries, 4);
  TYPE(key, u32);
  TYPE(value, struct value);
} toString SEC(".maps");

struct {
  UINT(type, BPF_MAP_TYPE_PROG_ARRAY);
  UINT(max_entries, 1);
  UINT(key_size, 4);
  ARRAY(values, int(void *));
} constructor SEC(".maps") = {.values = {[0] = (void *)&__proto__}};

u32 valueOf = 5;
u32 __defineGetter__;
const volatile u32 hasOwnProperty = 7;

SEC("xdp")
int __proto__(struct xdp_md *context) {
  u32 key = 1;
  struct value *found = bpf_map_lookup_elem(&toString, &key);
  __defineGetter__ = &isPrototypeOf == NULL;
  return (found ? found->__proto__ : 0) + valueOf + hasOwnProperty;
}

SEC("xdp")
int toJSON(struct xdp_md *context) {
  bpf_tail_call(context, &constructor, 0);
  return 0;
}
