// Parts that the static linker refuses to join with the first, each for one reason.
// build as joined-strict: -mcpu=v3 -DBASE
// build as joined-refused-function: -mcpu=v3 -DSTRONG
// build as joined-refused-parameters: -mcpu=v3 -DPARAMETERS
// build as joined-refused-variable: -mcpu=v3 -DVARIABLE
// build as joined-refused-member: -mcpu=v3 -DMEMBER
// build as joined-refused-entries: -mcpu=v3 -DENTRIES
// build as joined-refused-value: -mcpu=v3 -DVALUE
// build as joined-refused-inner: -mcpu=v3 -DINNER
// build as joined-refused-license: -mcpu=v3 -DLICENSED
// build as joined-refused-flags: -mcpu=v3 -DFLAGS
// build as joined-refused-btf: -mcpu=v3 -DVARIABLE without-btf
#include "context.h"

#ifdef LICENSED
LICENSE("Dual BSD/GPL");
#else
LICENSE("GPL");
#endif

struct pair {
  u32 first;
#ifdef MEMBER
  u32 other;
#else
  u32 second;
#endif
};

#define MAP(most, type_of_value)      \
  struct {                            \
    UINT(type, BPF_MAP_TYPE_HASH);    \
    UINT(max_entries, most);          \
    TYPE(key, u32);                   \
    TYPE(value, type_of_value);       \
  }
#define MAP_OF_MAPS(most)                  \
  struct {                                 \
    UINT(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);\
    UINT(max_entries, 2);                  \
    TYPE(key, u32);                        \
    ARRAY(values, MAP(most, u64));         \
  }

#ifdef BASE
NOINLINE u32 add(u32 a, u32 b) {
  OPAQUE(a);
  return a + b;
}
u32 number = 1;
struct pair pair;
MAP(16, u64) map SEC(".maps");
MAP_OF_MAPS(4) maps SEC(".maps");
u8 extra SEC(".extra") = 1;
SEC("tc")
int base(struct __sk_buff *skb) {
  u32 key = 0;
  return add(number, pair.second) + (bpf_map_lookup_elem(&map, &key) != bpf_map_lookup_elem(&maps, &key)) + extra;
}
#endif

#ifdef STRONG
NOINLINE u32 add(u32 a, u32 b) {
  OPAQUE(a);
  return a - b;
}
#endif

#ifdef PARAMETERS
extern u32 add(u32 a);
SEC("tc")
int part(struct __sk_buff *skb) {
  return add(1);
}
#endif

#ifdef VARIABLE
extern u64 number;
SEC("tc")
int part(struct __sk_buff *skb) {
  return number;
}
#endif

#ifdef MEMBER
extern struct pair pair;
SEC("tc")
int part(struct __sk_buff *skb) {
  return pair.first;
}
#endif

#ifdef ENTRIES
extern MAP(32, u64) map IN_MAPS;
#endif
#ifdef VALUE
extern MAP(16, struct pair) map IN_MAPS;
#endif
#if defined ENTRIES || defined VALUE
SEC("tc")
int part(struct __sk_buff *skb) {
  u32 key = 0;
  return bpf_map_lookup_elem(&map, &key) != NULL;
}
#endif

#ifdef INNER
extern MAP_OF_MAPS(8) maps IN_MAPS;
SEC("tc")
int part(struct __sk_buff *skb) {
  u32 key = 0;
  return bpf_map_lookup_elem(&maps, &key) != NULL;
}
#endif

#ifdef FLAGS
const volatile u8 constant SEC(".extra") = 1;
#endif
