// What `bpftool prog show` prints as metadata: constants named bpf_metadata_*, bound to the program though unused.
#include "context.h"

LICENSE("GPL");

const char bpf_metadata_author[] SEC(".rodata") = "someone";
const int bpf_metadata_revision SEC(".rodata") = 12;
const volatile u32 used = 1;

SEC("cgroup_skb/egress")
int program(struct __sk_buff *skb) {
  return used;
}
