// Global variables with a value for each CPU, in .percpu and in a section below it. Linux 7.3.
#include "context.h"

LICENSE("GPL");

struct total {
  u32 runs;
  u64 sum;
};

SEC(".percpu") u64 hits = 7;
SEC(".percpu") struct total total = {.runs = 1};
SEC(".percpu.other") u32 other[3] = {1, 2, 3};
u32 plain = 5;

SEC("socket") int count(struct __sk_buff *skb) {
  hits++;
  total.runs++;
  total.sum += other[1];
  return hits;
}

SEC("socket") int untouched(struct __sk_buff *skb) { return plain; }
