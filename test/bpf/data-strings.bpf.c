// String literals: `.rodata.str1.1`, a mergeable section without BTF, which libbpf makes a map of.
#include "context.h"

LICENSE("GPL");

SEC("socket")
int print(struct __sk_buff *skb) {
  u64 arguments[] = {(u64) "literal", skb->len};
  char text[32];
  return bpf_snprintf(text, sizeof(text), "%s has %d bytes", arguments, sizeof(arguments));
}
