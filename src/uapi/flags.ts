/** Flags of BPF_MAP_CREATE, OBJ_GET and a map's info (`map_flags`). */
export const BpfMapFlag = {
  BPF_F_NO_PREALLOC: 1 << 0,
  BPF_F_NO_COMMON_LRU: 1 << 1,
  BPF_F_NUMA_NODE: 1 << 2,
  BPF_F_RDONLY: 1 << 3,
  BPF_F_WRONLY: 1 << 4,
  BPF_F_STACK_BUILD_ID: 1 << 5,
  BPF_F_ZERO_SEED: 1 << 6,
  BPF_F_RDONLY_PROG: 1 << 7,
  BPF_F_WRONLY_PROG: 1 << 8,
  BPF_F_CLONE: 1 << 9,
  BPF_F_MMAPABLE: 1 << 10,
  BPF_F_PRESERVE_ELEMS: 1 << 11,
  BPF_F_INNER_MAP: 1 << 12,
  BPF_F_LINK: 1 << 13,
  BPF_F_PATH_FD: 1 << 14,
  BPF_F_VTYPE_BTF_OBJ_FD: 1 << 15,
  BPF_F_TOKEN_FD: 1 << 16,
  BPF_F_SEGV_ON_FAULT: 1 << 17,
  BPF_F_NO_USER_CONV: 1 << 18,
  BPF_F_RB_OVERWRITE: 1 << 19,
} as const;
export type BpfMapFlag = number;

/** Flags of one element's lookup and update. `BPF_F_CPU` takes the CPU's number in the upper 32 bits (7.x). */
export const BpfElemFlag = {
  BPF_ANY: 0n,
  BPF_NOEXIST: 1n,
  BPF_EXIST: 2n,
  BPF_F_LOCK: 4n,
  BPF_F_CPU: 8n,
  BPF_F_ALL_CPUS: 16n,
} as const;
export type BpfElemFlag = bigint;

/** Flags of BPF_PROG_LOAD (`prog_flags`). `BPF_F_TOKEN_FD` is the one of {@link BpfMapFlag}. */
export const BpfProgFlag = {
  BPF_F_STRICT_ALIGNMENT: 1 << 0,
  BPF_F_ANY_ALIGNMENT: 1 << 1,
  BPF_F_TEST_RND_HI32: 1 << 2,
  BPF_F_TEST_STATE_FREQ: 1 << 3,
  BPF_F_SLEEPABLE: 1 << 4,
  BPF_F_XDP_HAS_FRAGS: 1 << 5,
  BPF_F_XDP_DEV_BOUND_ONLY: 1 << 6,
  BPF_F_TEST_REG_INVARIANTS: 1 << 7,
  BPF_F_TOKEN_FD: 1 << 16,
} as const;
export type BpfProgFlag = number;

/** Flags of PROG_ATTACH, PROG_DETACH, LINK_CREATE and LINK_UPDATE. */
export const BpfAttachFlag = {
  BPF_F_ALLOW_OVERRIDE: 1 << 0,
  BPF_F_ALLOW_MULTI: 1 << 1,
  BPF_F_REPLACE: 1 << 2,
  BPF_F_BEFORE: 1 << 3,
  BPF_F_AFTER: 1 << 4,
  BPF_F_ID: 1 << 5,
  BPF_F_PREORDER: 1 << 6,
  BPF_F_LINK: 1 << 13,
} as const;
export type BpfAttachFlag = number;

/** Flags of BPF_PROG_QUERY (`query_flags`). */
export const BpfQueryFlag = { BPF_F_QUERY_EFFECTIVE: 1 << 0 } as const;
/** `link_create.kprobe_multi.flags`. */
export const BpfKprobeMultiFlag = { BPF_F_KPROBE_MULTI_RETURN: 1 << 0 } as const;
/** `link_create.uprobe_multi.flags`. */
export const BpfUprobeMultiFlag = { BPF_F_UPROBE_MULTI_RETURN: 1 << 0, BPF_F_UPROBE_MULTI_PATH_FD: 1 << 1 } as const;
/** `link_create.netfilter.flags`. */
export const BpfNetfilterFlag = { BPF_F_NETFILTER_IP_DEFRAG: 1 << 0 } as const;

/** Flags of BPF_PROG_TEST_RUN. */
export const BpfTestRunFlag = {
  BPF_F_TEST_RUN_ON_CPU: 1 << 0,
  BPF_F_TEST_XDP_LIVE_FRAMES: 1 << 1,
  BPF_F_TEST_SKB_CHECKSUM_COMPLETE: 1 << 2,
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
  XDP_FLAGS_UPDATE_IF_NOEXIST: 1 << 0,
  XDP_FLAGS_SKB_MODE: 1 << 1,
  XDP_FLAGS_DRV_MODE: 1 << 2,
  XDP_FLAGS_HW_MODE: 1 << 3,
  XDP_FLAGS_REPLACE: 1 << 4,
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

/** What a perf event link hangs on (`enum bpf_perf_event_type`). */
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

/** What an fd that carries a program is (`enum bpf_task_fd_type`). */
export const BpfTaskFdType = {
  BPF_FD_TYPE_RAW_TRACEPOINT: 0,
  BPF_FD_TYPE_TRACEPOINT: 1,
  BPF_FD_TYPE_KPROBE: 2,
  BPF_FD_TYPE_KRETPROBE: 3,
  BPF_FD_TYPE_UPROBE: 4,
  BPF_FD_TYPE_URETPROBE: 5,
} as const;
export type BpfTaskFdType = number;

/** `src_reg` of a 64-bit immediate load or a call that is more than it seems. */
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

/** Bits and sizes of a ring buffer's record header, and the queries about its positions. */
export const BpfRingbuf = {
  BPF_RINGBUF_BUSY_BIT: 0x80000000,
  BPF_RINGBUF_DISCARD_BIT: 0x40000000,
  BPF_RINGBUF_HDR_SZ: 8,
} as const;

/** Bytes of an object's name, with the terminating NUL. */
export const BPF_OBJ_NAME_LEN = 16;
/** Bytes of a program's tag. */
export const BPF_TAG_SIZE = 8;
/** Bytes of a build id. */
export const BPF_BUILD_ID_SIZE = 20;
