// CO-RE, the kinds about types and enumerators: ids (local and the kernel's), existence, size, match; enumerators of 32
// and 64 bits; each also for what no kernel has.
// build: -mcpu=v3
// build as core-types-be: -mcpu=v3 -mbig-endian
#include "context.h"
#include "kernel.h"

LICENSE("GPL");

struct list_head___other {
  struct list_head *prev, *next;
};
struct not_in_any_kernel {
  int x;
};
typedef struct not_in_any_kernel *not_in_any_kernel_t;
union nor_this_union {
  int x;
};
typedef int (*callback_t)(void);
typedef unsigned int gfp_t;
typedef int pid_t;
enum pid_type { PIDTYPE_PID, PIDTYPE_TGID, PIDTYPE_NOT_THERE = 77 };
enum pid_type___flavour { PIDTYPE_SID = 9 };
enum perf_callchain_context { PERF_CONTEXT_USER = (u64)-512 };
enum nor_this_enum { NOR_THIS = 1 };
struct iphdr {
  u8 ihl : 4, version : 4;
  u8 tos;
};

u64 results[32];

SEC("raw_tp/sys_enter")
int read(void *context) {
  results[0] = core_type_id(struct task_struct, CORE_TYPE_ID_LOCAL);
  results[1] = core_type_id(struct task_struct, CORE_TYPE_ID_TARGET);
  results[2] = core_type_id(struct not_in_any_kernel, CORE_TYPE_ID_LOCAL);
  results[3] = core_type_id(struct not_in_any_kernel, CORE_TYPE_ID_TARGET);
  results[4] = core_type(struct list_head, CORE_TYPE_EXISTS);
  results[5] = core_type(struct list_head, CORE_TYPE_SIZE);
  results[6] = core_type(struct list_head, CORE_TYPE_MATCHES);
  results[7] = core_type(struct list_head___other, CORE_TYPE_MATCHES);
  results[8] = core_type(struct not_in_any_kernel, CORE_TYPE_EXISTS);
  results[9] = core_type(struct not_in_any_kernel, CORE_TYPE_SIZE);
  results[10] = core_type(not_in_any_kernel_t, CORE_TYPE_EXISTS);
  results[11] = core_type(union nor_this_union, CORE_TYPE_EXISTS);
  results[12] = core_type(gfp_t, CORE_TYPE_EXISTS);
  results[13] = core_type(gfp_t, CORE_TYPE_SIZE);
  results[14] = core_type(pid_t, CORE_TYPE_MATCHES);
  results[15] = core_type(struct iphdr, CORE_TYPE_MATCHES);
  results[16] = core_type(enum pid_type, CORE_TYPE_EXISTS);
  results[17] = core_type(enum pid_type, CORE_TYPE_MATCHES);
  results[18] = core_enum(enum pid_type, PIDTYPE_TGID, CORE_ENUM_VALUE);
  results[19] = core_enum(enum pid_type, PIDTYPE_TGID, CORE_ENUM_EXISTS);
  results[20] = core_enum(enum pid_type, PIDTYPE_NOT_THERE, CORE_ENUM_EXISTS);
  results[21] = core_enum(enum pid_type___flavour, PIDTYPE_SID, CORE_ENUM_VALUE);
  results[22] = core_enum(enum perf_callchain_context, PERF_CONTEXT_USER, CORE_ENUM_VALUE);
  results[23] = core_enum(enum perf_callchain_context, PERF_CONTEXT_USER, CORE_ENUM_EXISTS);
  results[24] = core_enum(enum nor_this_enum, NOR_THIS, CORE_ENUM_EXISTS);
  results[25] = core_type(callback_t, CORE_TYPE_EXISTS);
  results[26] = core_type(struct task_struct, CORE_TYPE_SIZE);
  return 0;
}
