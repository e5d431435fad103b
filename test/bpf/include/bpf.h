// What a BPF program needs to say: sizes, sections, map declarations and the helpers, by their fixed numbers.
// Our own few lines, so that the fixtures build from this directory alone. Numbers: include/uapi/linux/bpf.h.
#pragma once

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef signed char s8;
typedef short s16;
typedef int s32;
typedef long long s64;
typedef _Bool bool;
#define true 1
#define false 0
#define NULL ((void *)0)

#define SEC(name) __attribute__((section(name), used))
#define ALWAYS_INLINE inline __attribute__((always_inline))
#define NOINLINE __attribute__((noinline))
#define WEAK __attribute__((weak))
#define HIDDEN __attribute__((visibility("hidden")))
#define KSYM __attribute__((section(".ksyms")))
#define KCONFIG __attribute__((section(".kconfig")))
#define IN_MAPS __attribute__((section(".maps")))
#define TAG(text) __attribute__((btf_decl_tag(text)))
#define TYPE_TAG(text) __attribute__((btf_type_tag(text)))
#define LICENSE(text) char _license[] SEC("license") = text

// A map is a struct whose members carry their values in their types: `int (*max_entries)[64]` says 64.
#define UINT(name, value) int(*name)[value]
#define TYPE(name, type) typeof(type) *name
#define ARRAY(name, type) typeof(type) *name[]
#define ULONG(name, value) enum { PASTE(value_of_, __LINE__) = value } name
#define PASTE(a, b) PASTE_(a, b)
#define PASTE_(a, b) a##b

#define BPF_MAP_TYPE_HASH 1
#define BPF_MAP_TYPE_ARRAY 2
#define BPF_MAP_TYPE_PROG_ARRAY 3
#define BPF_MAP_TYPE_PERF_EVENT_ARRAY 4
#define BPF_MAP_TYPE_PERCPU_HASH 5
#define BPF_MAP_TYPE_PERCPU_ARRAY 6
#define BPF_MAP_TYPE_STACK_TRACE 7
#define BPF_MAP_TYPE_CGROUP_ARRAY 8
#define BPF_MAP_TYPE_LRU_HASH 9
#define BPF_MAP_TYPE_LRU_PERCPU_HASH 10
#define BPF_MAP_TYPE_LPM_TRIE 11
#define BPF_MAP_TYPE_ARRAY_OF_MAPS 12
#define BPF_MAP_TYPE_HASH_OF_MAPS 13
#define BPF_MAP_TYPE_DEVMAP 14
#define BPF_MAP_TYPE_SOCKMAP 15
#define BPF_MAP_TYPE_CPUMAP 16
#define BPF_MAP_TYPE_XSKMAP 17
#define BPF_MAP_TYPE_SOCKHASH 18
#define BPF_MAP_TYPE_CGROUP_STORAGE 19
#define BPF_MAP_TYPE_REUSEPORT_SOCKARRAY 20
#define BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE 21
#define BPF_MAP_TYPE_QUEUE 22
#define BPF_MAP_TYPE_STACK 23
#define BPF_MAP_TYPE_SK_STORAGE 24
#define BPF_MAP_TYPE_DEVMAP_HASH 25
#define BPF_MAP_TYPE_RINGBUF 27
#define BPF_MAP_TYPE_INODE_STORAGE 28
#define BPF_MAP_TYPE_TASK_STORAGE 29
#define BPF_MAP_TYPE_BLOOM_FILTER 30
#define BPF_MAP_TYPE_USER_RINGBUF 31
#define BPF_MAP_TYPE_CGRP_STORAGE 32
#define BPF_MAP_TYPE_ARENA 33
#define BPF_MAP_TYPE_INSN_ARRAY 34

#define BPF_F_NO_PREALLOC (1 << 0)
#define BPF_F_NO_COMMON_LRU (1 << 1)
#define BPF_F_NUMA_NODE (1 << 2)
#define BPF_F_RDONLY (1 << 3)
#define BPF_F_WRONLY (1 << 4)
#define BPF_F_STACK_BUILD_ID (1 << 5)
#define BPF_F_ZERO_SEED (1 << 6)
#define BPF_F_RDONLY_PROG (1 << 7)
#define BPF_F_WRONLY_PROG (1 << 8)
#define BPF_F_MMAPABLE (1 << 10)
#define BPF_F_PRESERVE_ELEMS (1 << 11)
#define BPF_F_INNER_MAP (1 << 12)
#define PIN_BY_NAME 1

#define BPF_ANY 0
#define BPF_NOEXIST 1
#define BPF_F_CURRENT_CPU 0xffffffffULL
#define BPF_LOCAL_STORAGE_GET_F_CREATE 1

struct bpf_spin_lock {
  u32 val;
};
struct bpf_timer {
  u64 opaque[2];
};
struct bpf_dynptr {
  u64 opaque[2];
};

#define HELPER(number, result, name, ...) static result (*const name)(__VA_ARGS__) = (void *)number
HELPER(1, void *, bpf_map_lookup_elem, void *map, const void *key);
HELPER(2, long, bpf_map_update_elem, void *map, const void *key, const void *value, u64 flags);
HELPER(3, long, bpf_map_delete_elem, void *map, const void *key);
HELPER(5, u64, bpf_ktime_get_ns, void);
HELPER(6, long, bpf_trace_printk, const char *format, u32 size, ...);
HELPER(7, u32, bpf_get_prandom_u32, void);
HELPER(8, u32, bpf_get_smp_processor_id, void);
HELPER(12, long, bpf_tail_call, void *context, void *map, u32 index);
HELPER(14, u64, bpf_get_current_pid_tgid, void);
HELPER(16, long, bpf_get_current_comm, void *buffer, u32 size);
HELPER(25, long, bpf_perf_event_output, void *context, void *map, u64 flags, void *data, u64 size);
HELPER(26, long, bpf_skb_load_bytes, const void *skb, u32 offset, void *to, u32 size);
HELPER(27, long, bpf_get_stackid, void *context, void *map, u64 flags);
HELPER(33, long, bpf_skb_under_cgroup, void *skb, void *map, u32 index);
HELPER(35, u64, bpf_get_current_task, void);
HELPER(51, long, bpf_redirect_map, void *map, u64 key, u64 flags);
HELPER(60, long, bpf_msg_redirect_map, void *message, void *map, u32 key, u64 flags);
HELPER(72, long, bpf_sk_redirect_hash, void *skb, void *map, void *key, u64 flags);
HELPER(81, void *, bpf_get_local_storage, void *map, u64 flags);
HELPER(82, long, bpf_sk_select_reuseport, void *reuse, void *map, void *key, u64 flags);
HELPER(87, long, bpf_map_push_elem, void *map, const void *value, u64 flags);
HELPER(88, long, bpf_map_pop_elem, void *map, void *value);
HELPER(89, long, bpf_map_peek_elem, void *map, void *value);
HELPER(93, long, bpf_spin_lock, struct bpf_spin_lock *lock);
HELPER(94, long, bpf_spin_unlock, struct bpf_spin_lock *lock);
HELPER(107, void *, bpf_sk_storage_get, void *map, void *socket, void *value, u64 flags);
HELPER(113, long, bpf_probe_read_kernel, void *to, u32 size, const void *from);
HELPER(115, long, bpf_probe_read_kernel_str, void *to, u32 size, const void *from);
HELPER(127, long, bpf_seq_write, void *seq, const void *data, u32 size);
HELPER(130, long, bpf_ringbuf_output, void *ring, void *data, u64 size, u64 flags);
HELPER(131, void *, bpf_ringbuf_reserve, void *ring, u64 size, u64 flags);
HELPER(132, void, bpf_ringbuf_submit, void *data, u64 flags);
HELPER(133, void, bpf_ringbuf_discard, void *data, u64 flags);
HELPER(145, void *, bpf_inode_storage_get, void *map, void *inode, void *value, u64 flags);
HELPER(153, void *, bpf_per_cpu_ptr, const void *variable, u32 cpu);
HELPER(154, void *, bpf_this_cpu_ptr, const void *variable);
HELPER(156, void *, bpf_task_storage_get, void *map, void *task, void *value, u64 flags);
HELPER(158, void *, bpf_get_current_task_btf, void);
HELPER(164, long, bpf_for_each_map_elem, void *map, void *callback, void *context, u64 flags);
HELPER(165, long, bpf_snprintf, char *to, u32 size, const char *format, u64 *data, u32 data_size);
HELPER(169, long, bpf_timer_init, struct bpf_timer *timer, void *map, u64 flags);
HELPER(170, long, bpf_timer_set_callback, struct bpf_timer *timer, void *callback);
HELPER(171, long, bpf_timer_start, struct bpf_timer *timer, u64 nanoseconds, u64 flags);
HELPER(181, long, bpf_loop, u32 times, void *callback, void *context, u64 flags);
HELPER(209, long, bpf_user_ringbuf_drain, void *ring, void *callback, void *context, u64 flags);
HELPER(210, void *, bpf_cgrp_storage_get, void *map, void *cgroup, void *value, u64 flags);
#undef HELPER

// Hides a value's origin from the optimizer.
#define OPAQUE(variable) asm volatile("" : "+r"(variable))
