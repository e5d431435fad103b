// Sixty programs with CO-RE accesses each: what loading a big agent costs.
#include "context.h"
#include "kernel.h"

LICENSE("GPL");

struct {
  UINT(type, BPF_MAP_TYPE_HASH);
  UINT(max_entries, 64);
  TYPE(key, u32);
  TYPE(value, u64);
} seen SEC(".maps");

static ALWAYS_INLINE int record(u32 number) {
  struct task_struct *task = (void *)bpf_get_current_task();
  struct task_struct *parent = CORE_READ(task, real_parent);
  u32 key = CORE_READ(task, tgid) + number;
  u64 value = CORE_READ(parent, start_time) + CORE_READ(task, prio) + CORE_READ(parent, flags);
  bpf_map_update_elem(&seen, &key, &value, BPF_ANY);
  return 0;
}

#define PROGRAM(number)                             \
  SEC("raw_tp/sys_enter") int program_##number(void *context) { \
    return record(1##number);                       \
  }

PROGRAM(00)
PROGRAM(01)
PROGRAM(02)
PROGRAM(03)
PROGRAM(04)
PROGRAM(05)
PROGRAM(06)
PROGRAM(07)
PROGRAM(08)
PROGRAM(09)
PROGRAM(10)
PROGRAM(11)
PROGRAM(12)
PROGRAM(13)
PROGRAM(14)
PROGRAM(15)
PROGRAM(16)
PROGRAM(17)
PROGRAM(18)
PROGRAM(19)
PROGRAM(20)
PROGRAM(21)
PROGRAM(22)
PROGRAM(23)
PROGRAM(24)
PROGRAM(25)
PROGRAM(26)
PROGRAM(27)
PROGRAM(28)
PROGRAM(29)
PROGRAM(30)
PROGRAM(31)
PROGRAM(32)
PROGRAM(33)
PROGRAM(34)
PROGRAM(35)
PROGRAM(36)
PROGRAM(37)
PROGRAM(38)
PROGRAM(39)
PROGRAM(40)
PROGRAM(41)
PROGRAM(42)
PROGRAM(43)
PROGRAM(44)
PROGRAM(45)
PROGRAM(46)
PROGRAM(47)
PROGRAM(48)
PROGRAM(49)
PROGRAM(50)
PROGRAM(51)
PROGRAM(52)
PROGRAM(53)
PROGRAM(54)
PROGRAM(55)
PROGRAM(56)
PROGRAM(57)
PROGRAM(58)
PROGRAM(59)
