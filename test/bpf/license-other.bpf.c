// A license that is not the GPL's, and a helper that wants it: refused by the verifier.
#include "context.h"

LICENSE("Proprietary");

SEC("raw_tp/sys_enter")
int program(void *context) {
  return bpf_get_current_task() == 0 ? 0 : bpf_trace_printk("text", 5);
}
