import { i32, struct, u16, u32, u64 } from "../layout/index.ts";

/** `struct perf_event_attr` (include/uapi/linux/perf_event.h). `bits` has the fields of {@link PerfEventBit}. */
export const PerfEventAttr = struct({
  type: u32,
  size: u32,
  config: u64,
  sample_period: u64,
  sample_type: u64,
  read_format: u64,
  bits: u64,
  wakeup_events: u32,
  bp_type: u32,
  config1: u64,
  config2: u64,
  branch_sample_type: u64,
  sample_regs_user: u64,
  sample_stack_user: u32,
  clockid: i32,
  sample_regs_intr: u64,
  aux_watermark: u32,
  sample_max_stack: u16,
  __reserved_2: u16,
  aux_sample_size: u32,
  __reserved_3: u32,
  sig_data: u64,
});

/** The one-bit fields of `perf_event_attr` as masks of `bits`. */
export const PerfEventBit = {
  disabled: 0x1n,
  inherit: 0x2n,
  pinned: 0x4n,
  exclusive: 0x8n,
  exclude_user: 0x10n,
  exclude_kernel: 0x20n,
  exclude_hv: 0x40n,
  exclude_idle: 0x80n,
  mmap: 0x100n,
  comm: 0x200n,
  freq: 0x400n,
  inherit_stat: 0x800n,
  enable_on_exec: 0x1000n,
  task: 0x2000n,
  watermark: 0x4000n,
  sample_id_all: 0x40000n,
  exclude_host: 0x80000n,
  exclude_guest: 0x100000n,
  exclude_callchain_kernel: 0x200000n,
  exclude_callchain_user: 0x400000n,
  use_clockid: 0x2000000n,
  write_backward: 0x8000000n,
  bpf_event: 0x80000000n,
} as const;

/** `enum perf_type_id`; the numbers of other PMUs are in /sys/bus/event_source/devices/<name>/type. */
export const PerfType = {
  PERF_TYPE_HARDWARE: 0,
  PERF_TYPE_SOFTWARE: 1,
  PERF_TYPE_TRACEPOINT: 2,
  PERF_TYPE_HW_CACHE: 3,
  PERF_TYPE_RAW: 4,
  PERF_TYPE_BREAKPOINT: 5,
} as const;
export type PerfType = number;

/** `enum perf_hw_id`. */
export const PerfHardware = {
  PERF_COUNT_HW_CPU_CYCLES: 0,
  PERF_COUNT_HW_INSTRUCTIONS: 1,
  PERF_COUNT_HW_CACHE_REFERENCES: 2,
  PERF_COUNT_HW_CACHE_MISSES: 3,
  PERF_COUNT_HW_BRANCH_INSTRUCTIONS: 4,
  PERF_COUNT_HW_BRANCH_MISSES: 5,
  PERF_COUNT_HW_BUS_CYCLES: 6,
  PERF_COUNT_HW_STALLED_CYCLES_FRONTEND: 7,
  PERF_COUNT_HW_STALLED_CYCLES_BACKEND: 8,
  PERF_COUNT_HW_REF_CPU_CYCLES: 9,
} as const;

/** `enum perf_hw_cache_id`, `perf_hw_cache_op_id` and `perf_hw_cache_op_result_id`. */
export const PerfHardwareCache = {
  PERF_COUNT_HW_CACHE_L1D: 0,
  PERF_COUNT_HW_CACHE_L1I: 1,
  PERF_COUNT_HW_CACHE_LL: 2,
  PERF_COUNT_HW_CACHE_DTLB: 3,
  PERF_COUNT_HW_CACHE_ITLB: 4,
  PERF_COUNT_HW_CACHE_BPU: 5,
  PERF_COUNT_HW_CACHE_NODE: 6,
  PERF_COUNT_HW_CACHE_OP_READ: 0,
  PERF_COUNT_HW_CACHE_OP_WRITE: 1,
  PERF_COUNT_HW_CACHE_OP_PREFETCH: 2,
  PERF_COUNT_HW_CACHE_RESULT_ACCESS: 0,
  PERF_COUNT_HW_CACHE_RESULT_MISS: 1,
} as const;

/** `enum perf_sw_ids`. */
export const PerfSoftware = {
  PERF_COUNT_SW_CPU_CLOCK: 0,
  PERF_COUNT_SW_TASK_CLOCK: 1,
  PERF_COUNT_SW_PAGE_FAULTS: 2,
  PERF_COUNT_SW_CONTEXT_SWITCHES: 3,
  PERF_COUNT_SW_CPU_MIGRATIONS: 4,
  PERF_COUNT_SW_PAGE_FAULTS_MIN: 5,
  PERF_COUNT_SW_PAGE_FAULTS_MAJ: 6,
  PERF_COUNT_SW_ALIGNMENT_FAULTS: 7,
  PERF_COUNT_SW_EMULATION_FAULTS: 8,
  PERF_COUNT_SW_DUMMY: 9,
  PERF_COUNT_SW_BPF_OUTPUT: 10,
  PERF_COUNT_SW_CGROUP_SWITCHES: 11,
} as const;

/** `enum perf_event_sample_format`, the bits of `sample_type`. */
export const PerfSample = {
  PERF_SAMPLE_IP: 0x1n,
  PERF_SAMPLE_TID: 0x2n,
  PERF_SAMPLE_TIME: 0x4n,
  PERF_SAMPLE_CPU: 0x80n,
  PERF_SAMPLE_PERIOD: 0x100n,
  PERF_SAMPLE_RAW: 0x400n,
} as const;

/** `enum perf_event_read_format`, the bits of `read_format`. */
export const PerfReadFormat = {
  PERF_FORMAT_TOTAL_TIME_ENABLED: 0x1n,
  PERF_FORMAT_TOTAL_TIME_RUNNING: 0x2n,
  PERF_FORMAT_ID: 0x4n,
  PERF_FORMAT_GROUP: 0x8n,
  PERF_FORMAT_LOST: 0x10n,
} as const;

/** Types of records in a perf ring (`enum perf_event_type`). */
export const PerfRecord = {
  PERF_RECORD_LOST: 2,
  PERF_RECORD_THROTTLE: 5,
  PERF_RECORD_UNTHROTTLE: 6,
  PERF_RECORD_SAMPLE: 9,
  PERF_RECORD_LOST_SAMPLES: 13,
} as const;

/** Flags of perf_event_open(2). */
export const PerfFlag = {
  PERF_FLAG_FD_NO_GROUP: 0x1,
  PERF_FLAG_FD_OUTPUT: 0x2,
  PERF_FLAG_PID_CGROUP: 0x4,
  PERF_FLAG_FD_CLOEXEC: 0x8,
} as const;

/** ioctl numbers of a perf event fd. */
export const PerfIoctl = {
  PERF_EVENT_IOC_ENABLE: 0x2400,
  PERF_EVENT_IOC_DISABLE: 0x2401,
  PERF_EVENT_IOC_REFRESH: 0x2402,
  PERF_EVENT_IOC_RESET: 0x2403,
  PERF_EVENT_IOC_SET_OUTPUT: 0x2405,
  PERF_EVENT_IOC_ID: 0x80082407,
  PERF_EVENT_IOC_SET_BPF: 0x40042408,
  PERF_EVENT_IOC_PAUSE_OUTPUT: 0x40042409,
  PERF_EVENT_IOC_QUERY_BPF: 0xc008240a,
} as const;

/** Byte offsets in the control page of a perf ring (`struct perf_event_mmap_page`). */
export const PerfMmapPage = { data_head: 1024, data_tail: 1032, data_offset: 1040, data_size: 1048 } as const;
