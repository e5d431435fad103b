import { nameTable, valueTable } from "./name-table.ts";

/** Numbers of the kernel's link types (`enum bpf_link_type`). A newer kernel may know more. */
export const BpfLinkType = {
  BPF_LINK_TYPE_UNSPEC: 0,
  BPF_LINK_TYPE_RAW_TRACEPOINT: 1,
  BPF_LINK_TYPE_TRACING: 2,
  BPF_LINK_TYPE_CGROUP: 3,
  BPF_LINK_TYPE_ITER: 4,
  BPF_LINK_TYPE_NETNS: 5,
  BPF_LINK_TYPE_XDP: 6,
  BPF_LINK_TYPE_PERF_EVENT: 7,
  BPF_LINK_TYPE_KPROBE_MULTI: 8,
  BPF_LINK_TYPE_STRUCT_OPS: 9,
  BPF_LINK_TYPE_NETFILTER: 10,
  BPF_LINK_TYPE_TCX: 11,
  BPF_LINK_TYPE_UPROBE_MULTI: 12,
  BPF_LINK_TYPE_NETKIT: 13,
  BPF_LINK_TYPE_SOCKMAP: 14,
  BPF_LINK_TYPE_TRACING_MULTI: 15,
} as const;
/** A link type; any number, since a newer kernel may have types that this list lacks. */
export type BpfLinkType = number;

const NAMES = {
  unspec: BpfLinkType.BPF_LINK_TYPE_UNSPEC,
  raw_tracepoint: BpfLinkType.BPF_LINK_TYPE_RAW_TRACEPOINT,
  tracing: BpfLinkType.BPF_LINK_TYPE_TRACING,
  cgroup: BpfLinkType.BPF_LINK_TYPE_CGROUP,
  iter: BpfLinkType.BPF_LINK_TYPE_ITER,
  netns: BpfLinkType.BPF_LINK_TYPE_NETNS,
  xdp: BpfLinkType.BPF_LINK_TYPE_XDP,
  perf_event: BpfLinkType.BPF_LINK_TYPE_PERF_EVENT,
  kprobe_multi: BpfLinkType.BPF_LINK_TYPE_KPROBE_MULTI,
  struct_ops: BpfLinkType.BPF_LINK_TYPE_STRUCT_OPS,
  netfilter: BpfLinkType.BPF_LINK_TYPE_NETFILTER,
  tcx: BpfLinkType.BPF_LINK_TYPE_TCX,
  uprobe_multi: BpfLinkType.BPF_LINK_TYPE_UPROBE_MULTI,
  netkit: BpfLinkType.BPF_LINK_TYPE_NETKIT,
  sockmap: BpfLinkType.BPF_LINK_TYPE_SOCKMAP,
  tracing_multi: BpfLinkType.BPF_LINK_TYPE_TRACING_MULTI,
} as const;
const byValue = nameTable(NAMES);
const byName = valueTable(NAMES);

/** The text name of a link type, such as `raw_tracepoint`, the same as libbpf's; undefined for a number without one. */
export function linkTypeName(value: number): string | undefined {
  return byValue[value];
}

/** The link type of a text name, such as `raw_tracepoint`; undefined for an unknown one. */
export function linkTypeByName(name: string): BpfLinkType | undefined {
  return byName.get(name);
}
