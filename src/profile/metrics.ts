import { lookUp } from "../layout/index.ts";
import { PerfHardware, PerfHardwareCache, PerfSoftware, PerfType } from "../uapi/index.ts";

/** How to show a metric as a ratio to another metric that is measured at the same time. */
export interface MetricRatio {
  readonly to: MetricName;
  /** The quotient of the two metrics is multiplied by this factor. */
  readonly times: number;
  readonly unit: string;
}

/** The definition of a metric for perf_event_open(2). */
export interface Metric {
  readonly type: number;
  readonly config: number;
  /** True if only events in the kernel are counted, not events in user space. */
  readonly kernelOnly: boolean;
  readonly ratio?: MetricRatio;
}

function cache(id: number, result: number): number {
  return id | (PerfHardwareCache.PERF_COUNT_HW_CACHE_OP_READ << 8) | (result << 16);
}

function misses(id: number, unit: string): Metric {
  return {
    type: PerfType.PERF_TYPE_HW_CACHE,
    config: cache(id, PerfHardwareCache.PERF_COUNT_HW_CACHE_RESULT_MISS),
    kernelOnly: true,
    ratio: { to: "instructions", times: 1e6, unit },
  };
}

function software(config: number): Metric {
  return { type: PerfType.PERF_TYPE_SOFTWARE, config, kernelOnly: false };
}

/** All metrics: the six of bpftool, which need the processor's counters, and three that every kernel counts. */
const TABLE: Readonly<Record<MetricName, Metric>> = {
  cycles: {
    type: PerfType.PERF_TYPE_HARDWARE,
    config: PerfHardware.PERF_COUNT_HW_CPU_CYCLES,
    kernelOnly: true,
  },
  instructions: {
    type: PerfType.PERF_TYPE_HARDWARE,
    config: PerfHardware.PERF_COUNT_HW_INSTRUCTIONS,
    kernelOnly: true,
    ratio: { to: "cycles", times: 1, unit: "insns per cycle" },
  },
  l1d_loads: {
    type: PerfType.PERF_TYPE_HW_CACHE,
    config: cache(PerfHardwareCache.PERF_COUNT_HW_CACHE_L1D, PerfHardwareCache.PERF_COUNT_HW_CACHE_RESULT_ACCESS),
    kernelOnly: true,
  },
  llc_misses: misses(PerfHardwareCache.PERF_COUNT_HW_CACHE_LL, "LLC misses per million insns"),
  itlb_misses: misses(PerfHardwareCache.PERF_COUNT_HW_CACHE_ITLB, "itlb misses per million insns"),
  dtlb_misses: misses(PerfHardwareCache.PERF_COUNT_HW_CACHE_DTLB, "dtlb misses per million insns"),
  /** The count of this metric is in nanoseconds. */
  task_clock: software(PerfSoftware.PERF_COUNT_SW_TASK_CLOCK),
  page_faults: software(PerfSoftware.PERF_COUNT_SW_PAGE_FAULTS),
  context_switches: software(PerfSoftware.PERF_COUNT_SW_CONTEXT_SWITCHES),
};

/** The name of a metric. */
export type MetricName =
  | "cycles"
  | "instructions"
  | "l1d_loads"
  | "llc_misses"
  | "itlb_misses"
  | "dtlb_misses"
  | "task_clock"
  | "page_faults"
  | "context_switches";

/** The names of all metrics, in the order in which they are shown. */
export const METRIC_NAMES: readonly MetricName[] = Object.keys(TABLE) as MetricName[];

/** Returns the definition of a metric. */
export function metric(name: MetricName): Metric {
  return lookUp(TABLE, name, "metric");
}
