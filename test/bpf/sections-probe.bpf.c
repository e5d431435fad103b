// kprobes, uprobes and USDT by every name. The programs load even where the kernel has no kprobes: type kprobe is there
// with perf events.
#include "context.h"

LICENSE("GPL");

#define PROGRAM(section, name)                 \
  SEC(section) int on_##name(struct pt_regs *regs) { \
    return 0;                                  \
  }

PROGRAM("kprobe/do_unlinkat", kprobe)
PROGRAM("kretprobe/do_unlinkat", kretprobe)
PROGRAM("ksyscall/unlinkat", ksyscall)
PROGRAM("kretsyscall/unlinkat", kretsyscall)
PROGRAM("kprobe.multi/do_unlink*", kprobe_multi)
PROGRAM("kretprobe.multi/do_unlink*", kretprobe_multi)
PROGRAM("kprobe.session/do_unlink*", kprobe_session)
PROGRAM("uprobe/libc.so.6:getpid", uprobe)
PROGRAM("uprobe", uprobe_anywhere)
PROGRAM("uprobe.s/libc.so.6:getpid", uprobe_sleepable)
PROGRAM("uretprobe/libc.so.6:getpid", uretprobe)
PROGRAM("uretprobe.s/libc.so.6:getpid+4", uretprobe_sleepable)
PROGRAM("uprobe.multi/libc.so.6:get*", uprobe_multi)
PROGRAM("uprobe.multi.s/libc.so.6:get*", uprobe_multi_sleepable)
PROGRAM("uretprobe.multi/libc.so.6:get*", uretprobe_multi)
PROGRAM("uretprobe.multi.s/libc.so.6:get*", uretprobe_multi_sleepable)
PROGRAM("uprobe.session/libc.so.6:get*", uprobe_session)
PROGRAM("uprobe.session.s/libc.so.6:get*", uprobe_session_sleepable)
PROGRAM("usdt/libc.so.6:libc:setjmp", usdt)
PROGRAM("usdt.s/libc.so.6:libc:setjmp", usdt_sleepable)
