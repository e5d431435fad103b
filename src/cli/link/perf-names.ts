// How perf(1) and bpftool call perf events: include/uapi/linux/perf_event.h's numbers are the places in these lists.

const TYPES = ["hardware", "software", "tracepoint", "hw-cache", "raw", "breakpoint"];
const HARDWARE = [
  "cpu-cycles",
  "instructions",
  "cache-references",
  "cache-misses",
  "branch-instructions",
  "branch-misses",
  "bus-cycles",
  "stalled-cycles-frontend",
  "stalled-cycles-backend",
  "ref-cycles",
];
const SOFTWARE = [
  "cpu-clock",
  "task-clock",
  "page-faults",
  "context-switches",
  "cpu-migrations",
  "minor-faults",
  "major-faults",
  "alignment-faults",
  "emulation-faults",
  "dummy",
  "bpf-output",
  "cgroup-switches",
];
const CACHES = ["L1-dcache", "L1-icache", "LLC", "dTLB", "iTLB", "branch", "node"];
const CACHE_OPERATIONS = ["load", "store", "prefetch"];
const CACHE_RESULTS = ["refs", "misses"];

/** The name of a PERF_TYPE_*; undefined for a PMU of its own number. */
export function perfTypeName(type: number): string | undefined {
  return TYPES[type];
}

/** The name of an event's config, or undefined where its type gives none. */
export function perfConfigName(type: number, config: bigint): string | undefined {
  switch (TYPES[type]) {
    case "hardware":
      return HARDWARE[Number(config)];
    case "software":
      return SOFTWARE[Number(config)];
    case "hw-cache": {
      const cache = config & 0xffn;
      const operation = (config >> 8n) & 0xffn;
      const result = config >> 16n;
      return [
        CACHES[Number(cache)] ?? cache,
        CACHE_OPERATIONS[Number(operation)] ?? operation,
        CACHE_RESULTS[Number(result)] ?? result,
      ].join("-");
    }
    default:
      return undefined;
  }
}
