import { type Layout, layout } from "./layout.ts";

const perfEventAttrFields = {
  type: "u32",
  size: "u32",
  config: "u64",
  sample_period: "u64",
  sample_type: "u64",
  read_format: "u64",
  bits: "u64",
  wakeup_events: "u32",
  bp_type: "u32",
  config1: "usize",
  config2: "u64",
  branch_sample_type: "u64",
  sample_regs_user: "u64",
  sample_stack_user: "u32",
  clockid: "i32",
  sample_regs_intr: "u64",
  aux_watermark: "u32",
  sample_max_stack: "u16",
  __reserved_2: "u16",
  aux_sample_size: "u32",
  __reserved_3: "u32",
  sig_data: "u64",
} as const;
/** `struct perf_event_attr` (include/uapi/linux/perf_event.h). `bits` holds the one-bit fields of {@link PerfEventBit}. */
export const PerfEventAttr: Layout<typeof perfEventAttrFields> = layout(perfEventAttrFields);

/** The one-bit fields of `perf_event_attr` that come one after another in `bits`. */
export const PerfEventBit = {
  disabled: 1n << 0n,
  inherit: 1n << 1n,
  pinned: 1n << 2n,
  exclusive: 1n << 3n,
  exclude_user: 1n << 4n,
  exclude_kernel: 1n << 5n,
  exclude_hv: 1n << 6n,
  exclude_idle: 1n << 7n,
  mmap: 1n << 8n,
  comm: 1n << 9n,
  freq: 1n << 10n,
  inherit_stat: 1n << 11n,
  enable_on_exec: 1n << 12n,
  task: 1n << 13n,
  watermark: 1n << 14n,
  sample_id_all: 1n << 18n,
  exclude_host: 1n << 19n,
  exclude_guest: 1n << 20n,
  exclude_callchain_kernel: 1n << 21n,
  exclude_callchain_user: 1n << 22n,
  use_clockid: 1n << 25n,
  write_backward: 1n << 27n,
  bpf_event: 1n << 31n,
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
  PERF_SAMPLE_IP: 1n << 0n,
  PERF_SAMPLE_TID: 1n << 1n,
  PERF_SAMPLE_TIME: 1n << 2n,
  PERF_SAMPLE_CPU: 1n << 7n,
  PERF_SAMPLE_PERIOD: 1n << 8n,
  PERF_SAMPLE_RAW: 1n << 10n,
} as const;

/** `enum perf_event_read_format`, the bits of `read_format`. */
export const PerfReadFormat = {
  PERF_FORMAT_TOTAL_TIME_ENABLED: 1n << 0n,
  PERF_FORMAT_TOTAL_TIME_RUNNING: 1n << 1n,
  PERF_FORMAT_ID: 1n << 2n,
  PERF_FORMAT_GROUP: 1n << 3n,
  PERF_FORMAT_LOST: 1n << 4n,
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
  PERF_FLAG_FD_NO_GROUP: 1 << 0,
  PERF_FLAG_FD_OUTPUT: 1 << 1,
  PERF_FLAG_PID_CGROUP: 1 << 2,
  PERF_FLAG_FD_CLOEXEC: 1 << 3,
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
  PERF_EVENT_IOC_QUERY_BPF: 0xc008240a,
} as const;

/** Byte offsets in the control page of a perf ring (`struct perf_event_mmap_page`). */
export const PerfMmapPage = { data_head: 1024, data_tail: 1032, data_offset: 1040, data_size: 1048 } as const;
