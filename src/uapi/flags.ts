/** Flags of BPF_MAP_CREATE, OBJ_GET and a map's info (`map_flags`). */
export const BpfMapFlag = {
  BPF_F_NO_PREALLOC: 0x1,
  BPF_F_NO_COMMON_LRU: 0x2,
  BPF_F_NUMA_NODE: 0x4,
  BPF_F_RDONLY: 0x8,
  BPF_F_WRONLY: 0x10,
  BPF_F_STACK_BUILD_ID: 0x20,
  BPF_F_ZERO_SEED: 0x40,
  BPF_F_RDONLY_PROG: 0x80,
  BPF_F_WRONLY_PROG: 0x100,
  BPF_F_CLONE: 0x200,
  BPF_F_MMAPABLE: 0x400,
  BPF_F_PRESERVE_ELEMS: 0x800,
  BPF_F_INNER_MAP: 0x1000,
  BPF_F_LINK: 0x2000,
  BPF_F_PATH_FD: 0x4000,
  BPF_F_VTYPE_BTF_OBJ_FD: 0x8000,
  BPF_F_TOKEN_FD: 0x10000,
  BPF_F_SEGV_ON_FAULT: 0x20000,
  BPF_F_NO_USER_CONV: 0x40000,
  BPF_F_RB_OVERWRITE: 0x80000,
} as const;
export type BpfMapFlag = number;

/** Flags of one element's lookup and update. `BPF_F_CPU` takes the CPU's number in the upper 32 bits (Linux 7.x). */
export const BpfElemFlag = {
  BPF_ANY: 0n,
  BPF_NOEXIST: 1n,
  BPF_EXIST: 2n,
  BPF_F_LOCK: 4n,
  BPF_F_CPU: 8n,
  BPF_F_ALL_CPUS: 16n,
} as const;
export type BpfElemFlag = bigint;

/** Flags of BPF_PROG_LOAD (`prog_flags`), besides `BPF_F_TOKEN_FD` of {@link BpfMapFlag}. */
export const BpfProgFlag = {
  BPF_F_STRICT_ALIGNMENT: 0x1,
  BPF_F_ANY_ALIGNMENT: 0x2,
  BPF_F_TEST_RND_HI32: 0x4,
  BPF_F_TEST_STATE_FREQ: 0x8,
  BPF_F_SLEEPABLE: 0x10,
  BPF_F_XDP_HAS_FRAGS: 0x20,
  BPF_F_XDP_DEV_BOUND_ONLY: 0x40,
  BPF_F_TEST_REG_INVARIANTS: 0x80,
  BPF_F_TOKEN_FD: 0x10000,
} as const;
export type BpfProgFlag = number;

/** Flags of PROG_ATTACH, PROG_DETACH, LINK_CREATE and LINK_UPDATE. */
export const BpfAttachFlag = {
  BPF_F_ALLOW_OVERRIDE: 0x1,
  BPF_F_ALLOW_MULTI: 0x2,
  BPF_F_REPLACE: 0x4,
  BPF_F_BEFORE: 0x8,
  BPF_F_AFTER: 0x10,
  BPF_F_ID: 0x20,
  BPF_F_PREORDER: 0x40,
  BPF_F_LINK: 0x2000,
} as const;
export type BpfAttachFlag = number;

/** Flags of BPF_PROG_QUERY (`query_flags`). */
export const BpfQueryFlag = { BPF_F_QUERY_EFFECTIVE: 0x1 } as const;
/** `link_create.kprobe_multi.flags`. */
export const BpfKprobeMultiFlag = { BPF_F_KPROBE_MULTI_RETURN: 0x1 } as const;
/** `link_create.uprobe_multi.flags`. */
export const BpfUprobeMultiFlag = { BPF_F_UPROBE_MULTI_RETURN: 0x1, BPF_F_UPROBE_MULTI_PATH_FD: 0x2 } as const;
/** `link_create.netfilter.flags`. */
export const BpfNetfilterFlag = { BPF_F_NETFILTER_IP_DEFRAG: 0x1 } as const;

/** Flags of BPF_PROG_TEST_RUN. */
export const BpfTestRunFlag = {
  BPF_F_TEST_RUN_ON_CPU: 0x1,
  BPF_F_TEST_XDP_LIVE_FRAMES: 0x2,
  BPF_F_TEST_SKB_CHECKSUM_COMPLETE: 0x4,
} as const;
export type BpfTestRunFlag = number;

/** What BPF_ENABLE_STATS counts. */
export const BpfStatsType = { BPF_STATS_RUN_TIME: 0 } as const;

/** Verbosity of the verifier's log (`log_level`; include/linux/bpf_verifier.h). */
export const BpfLogLevel = {
  BPF_LOG_LEVEL1: 1,
  BPF_LOG_LEVEL2: 2,
  BPF_LOG_STATS: 4,
  BPF_LOG_FIXED: 8,
} as const;

/** Flags of XDP attachment (include/uapi/linux/if_link.h), in `flags` of an XDP link. */
export const XdpFlag = {
  XDP_FLAGS_UPDATE_IF_NOEXIST: 0x1,
  XDP_FLAGS_SKB_MODE: 0x2,
  XDP_FLAGS_DRV_MODE: 0x4,
  XDP_FLAGS_HW_MODE: 0x8,
  XDP_FLAGS_REPLACE: 0x10,
} as const;
export type XdpFlag = number;

/** Streams of a program for BPF_PROG_STREAM_READ_BY_FD (6.17). */
export const BpfStream = { BPF_STREAM_STDOUT: 1, BPF_STREAM_STDERR: 2 } as const;

/** Order of a cgroup iterator (`enum bpf_cgroup_iter_order`). */
export const BpfCgroupIterOrder = {
  BPF_CGROUP_ITER_ORDER_UNSPEC: 0,
  BPF_CGROUP_ITER_SELF_ONLY: 1,
  BPF_CGROUP_ITER_DESCENDANTS_PRE: 2,
  BPF_CGROUP_ITER_DESCENDANTS_POST: 3,
  BPF_CGROUP_ITER_ANCESTORS_UP: 4,
  BPF_CGROUP_ITER_CHILDREN: 5,
} as const;
export type BpfCgroupIterOrder = number;

/** The kind of event that a perf event link is attached to (`enum bpf_perf_event_type`). */
export const BpfPerfEventType = {
  BPF_PERF_EVENT_UNSPEC: 0,
  BPF_PERF_EVENT_UPROBE: 1,
  BPF_PERF_EVENT_URETPROBE: 2,
  BPF_PERF_EVENT_KPROBE: 3,
  BPF_PERF_EVENT_KRETPROBE: 4,
  BPF_PERF_EVENT_TRACEPOINT: 5,
  BPF_PERF_EVENT_EVENT: 6,
} as const;
export type BpfPerfEventType = number;

/** The kind of event behind an fd that has a program attached (`enum bpf_task_fd_type`). */
export const BpfTaskFdType = {
  BPF_FD_TYPE_RAW_TRACEPOINT: 0,
  BPF_FD_TYPE_TRACEPOINT: 1,
  BPF_FD_TYPE_KPROBE: 2,
  BPF_FD_TYPE_KRETPROBE: 3,
  BPF_FD_TYPE_UPROBE: 4,
  BPF_FD_TYPE_URETPROBE: 5,
} as const;
export type BpfTaskFdType = number;

/** Values of `src_reg` in an ld_imm64 or a call. They determine what the immediate means. */
export const BpfPseudo = {
  BPF_PSEUDO_MAP_FD: 1,
  BPF_PSEUDO_MAP_VALUE: 2,
  BPF_PSEUDO_BTF_ID: 3,
  BPF_PSEUDO_FUNC: 4,
  BPF_PSEUDO_MAP_IDX: 5,
  BPF_PSEUDO_MAP_IDX_VALUE: 6,
  BPF_PSEUDO_CALL: 1,
  BPF_PSEUDO_KFUNC_CALL: 2,
} as const;

/** Bits and sizes of a ring buffer's record header, and the queries for a ring buffer's positions. */
export const BpfRingbuf = {
  BPF_RINGBUF_BUSY_BIT: 0x80000000,
  BPF_RINGBUF_DISCARD_BIT: 0x40000000,
  BPF_RINGBUF_HDR_SZ: 8,
} as const;

/** The size of an object's name in bytes, with the terminating NUL. */
export const BPF_OBJ_NAME_LEN = 16;
/** The size of a program's tag in bytes. */
export const BPF_TAG_SIZE = 8;
/** The size of a build id in bytes. */
export const BPF_BUILD_ID_SIZE = 20;
