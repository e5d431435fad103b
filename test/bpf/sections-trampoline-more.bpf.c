// The rest of the trampoline's sections, each optional (`?`) so that the object opens everywhere and loads nothing.
#include "context.h"

LICENSE("GPL");

#define PROGRAM(section, name)        \
  SEC(section) int on_##name(u64 *context) { \
    return 0;                         \
  }

PROGRAM("?fentry.s/bpf_fentry_test1", fentry_sleepable)
PROGRAM("?fexit.s/bpf_fentry_test1", fexit_sleepable)
PROGRAM("?fmod_ret.s/bpf_modify_return_test", fmod_ret_sleepable)
PROGRAM("?lsm.s/file_open", lsm_sleepable)
PROGRAM("?fsession/bpf_fentry_test1", fsession)
PROGRAM("?fsession.s/bpf_fentry_test1", fsession_sleepable)
PROGRAM("?tp_btf.s/sys_enter", tp_btf_sleepable)
PROGRAM("?tp.s/syscalls/sys_enter_getpid", tp_sleepable)
PROGRAM("?tracepoint.s/syscalls/sys_enter_getpid", tracepoint_sleepable)
PROGRAM("?raw_tp.s/sys_enter", raw_tp_sleepable)
PROGRAM("?raw_tracepoint.s/sys_enter", raw_tracepoint_sleepable)
PROGRAM("?fentry.multi/bpf_fentry_test*", fentry_multi)
PROGRAM("?fentry.multi.s/bpf_fentry_test*", fentry_multi_sleepable)
PROGRAM("?fexit.multi/bpf_fentry_test*", fexit_multi)
PROGRAM("?fexit.multi.s/bpf_fentry_test*", fexit_multi_sleepable)
PROGRAM("?fsession.multi/bpf_fentry_test*", fsession_multi)
PROGRAM("?fsession.multi.s/bpf_fentry_test*", fsession_multi_sleepable)
PROGRAM("?freplace/function", freplace)
PROGRAM("?struct_ops/callback", struct_ops)
PROGRAM("?struct_ops.s/callback", struct_ops_sleepable)
