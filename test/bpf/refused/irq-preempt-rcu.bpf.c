#include "context.h"
#include "kernel.h"

void bpf_rcu_read_lock(void) KSYM;

SEC("syscall")
int program(void *context) {
  bpf_rcu_read_lock(); // and never unlocked
  return 0;
}

LICENSE("GPL");
