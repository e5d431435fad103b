// bpftool's names for the numbers in the info of links.

const ITER_ORDERS = ["order_unspec", "self_only", "descendants_pre", "descendants_post", "ancestors_up"];

/** Returns bpftool's name for the order in which a cgroup iterator visits the cgroups. */
export function iterOrderName(order: number): string {
  return ITER_ORDERS[order] ?? "unknown";
}

/** The names of NFPROTO_* (include/uapi/linux/netfilter.h). */
const PROTOCOLS = new Map([
  [1, "inet"],
  [2, "ip"],
  [3, "arp"],
  [5, "netdev"],
  [7, "bridge"],
  [10, "ip6"],
]);
/** The names of the hooks of each protocol (include/uapi/linux/netfilter.h, netfilter_arp.h). */
const INET_HOOKS = ["prerouting", "input", "forward", "output", "postrouting"];
const ARP_HOOKS = ["input", "output"];

/** Returns the name of a protocol family of netfilter. */
export function netfilterProtocolName(pf: number): string | undefined {
  return PROTOCOLS.get(pf);
}

/** Returns the name of a hook of a protocol family. The family `bridge` has the same hook numbers as `inet`. */
export function netfilterHookName(pf: number, hook: number): string | undefined {
  switch (PROTOCOLS.get(pf)) {
    case "inet":
    case "ip":
    case "ip6":
    case "bridge":
      return INET_HOOKS[hook];
    case "arp":
      return ARP_HOOKS[hook];
    default:
      return undefined;
  }
}

// The names of events in perf(1). Each list is indexed by a number from include/uapi/linux/perf_event.h.

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

/** Returns the name of a PERF_TYPE_*. Undefined for the number of a PMU, which the kernel assigns at boot. */
export function perfTypeName(type: number): string | undefined {
  return TYPES[type];
}

/** Returns the name of an event's config. Undefined if events of this type have no names. */
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
