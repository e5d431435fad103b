#include "context.h"
#include "kernel.h"

struct task_struct *bpf_task_from_pid(int pid) KSYM;

SEC("flow_dissector")
int program(struct __sk_buff *skb) {
  return bpf_task_from_pid(1) != 0; // not for this type of program
}

LICENSE("GPL");
