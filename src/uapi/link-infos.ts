import { type Layout, layout } from "./layout.ts";

// `struct bpf_link_info`: three common fields, then at byte 16 a union with one arm per kind of link.

const linkInfoFields = { type: "u32", id: "u32", prog_id: "u32" } as const;
/** The common start. */
export const BpfLinkInfo: Layout<typeof linkInfoFields> = layout(linkInfoFields, { size: 16 });
/** Where the union of kinds starts in `struct bpf_link_info`. */
export const BPF_LINK_INFO_ARM = 16;
/** Bytes of the whole `struct bpf_link_info` that this list of arms needs, rounded up for arms yet unknown. */
export const BPF_LINK_INFO_SIZE = 128;

const linkInfoRawTracepointFields = { tp_name: "usize", tp_name_len: "u32", cookie: "u64" } as const;
/** `raw_tracepoint`. */
export const BpfLinkInfoRawTracepoint: Layout<typeof linkInfoRawTracepointFields> = layout(linkInfoRawTracepointFields);
const linkInfoTracingFields = {
  attach_type: "u32",
  target_obj_id: "u32",
  target_btf_id: "u32",
  cookie: "u64",
} as const;
/** `tracing`. */
export const BpfLinkInfoTracing: Layout<typeof linkInfoTracingFields> = layout(linkInfoTracingFields);
const linkInfoCgroupFields = { cgroup_id: "u64", attach_type: "u32" } as const;
/** `cgroup`. */
export const BpfLinkInfoCgroup: Layout<typeof linkInfoCgroupFields> = layout(linkInfoCgroupFields);
const linkInfoIterMapFields = { target_name: "usize", target_name_len: "u32", map: { map_id: "u32" } } as const;
/** `iter` of a map element, `map`. The text and its length come first in every iterator. */
export const BpfLinkInfoIterMap: Layout<typeof linkInfoIterMapFields> = layout(linkInfoIterMapFields);
const linkInfoIterCgroupFields = {
  target_name: "usize",
  target_name_len: "u32",
  cgroup: { cgroup_id: "u64", order: "u32" },
} as const;
/** `iter` of cgroups. */
export const BpfLinkInfoIterCgroup: Layout<typeof linkInfoIterCgroupFields> = layout(linkInfoIterCgroupFields);
const linkInfoIterTaskFields = {
  target_name: "usize",
  target_name_len: "u32",
  map_id: "u32",
  task: { tid: "u32", pid: "u32" },
} as const;
/** `iter` of tasks: `tid` and `pid` are in the second union, which is aligned to 8. */
export const BpfLinkInfoIterTask: Layout<typeof linkInfoIterTaskFields> = layout(linkInfoIterTaskFields, { size: 32 });
const linkInfoNetnsFields = { netns_ino: "u32", attach_type: "u32" } as const;
/** `netns`. */
export const BpfLinkInfoNetns: Layout<typeof linkInfoNetnsFields> = layout(linkInfoNetnsFields);
const linkInfoXdpFields = { ifindex: "u32" } as const;
/** `xdp`. */
export const BpfLinkInfoXdp: Layout<typeof linkInfoXdpFields> = layout(linkInfoXdpFields);
const linkInfoStructOpsFields = { map_id: "u32" } as const;
/** `struct_ops`. */
export const BpfLinkInfoStructOps: Layout<typeof linkInfoStructOpsFields> = layout(linkInfoStructOpsFields);
const linkInfoNetfilterFields = { pf: "u32", hooknum: "u32", priority: "i32", flags: "u32" } as const;
/** `netfilter`. */
export const BpfLinkInfoNetfilter: Layout<typeof linkInfoNetfilterFields> = layout(linkInfoNetfilterFields);
const linkInfoKprobeMultiFields = {
  addrs: "usize",
  count: "u32",
  flags: "u32",
  missed: "u64",
  cookies: "usize",
} as const;
/** `kprobe_multi`. */
export const BpfLinkInfoKprobeMulti: Layout<typeof linkInfoKprobeMultiFields> = layout(linkInfoKprobeMultiFields);
const linkInfoUprobeMultiFields = {
  path: "usize",
  offsets: "usize",
  ref_ctr_offsets: "usize",
  cookies: "usize",
  path_size: "u32",
  count: "u32",
  flags: "u32",
  pid: "u32",
} as const;
/** `uprobe_multi`. */
export const BpfLinkInfoUprobeMulti: Layout<typeof linkInfoUprobeMultiFields> = layout(linkInfoUprobeMultiFields);
const linkInfoTracingMultiFields = {
  attach_type: "u32",
  count: "u32",
  btf_obj_id: "u32",
  ids: "usize",
  addrs: "usize",
  cookies: "usize",
} as const;
/** `tracing_multi` (newer than 6.18). */
export const BpfLinkInfoTracingMulti: Layout<typeof linkInfoTracingMultiFields> = layout(linkInfoTracingMultiFields);
const linkInfoTcxFields = { ifindex: "u32", attach_type: "u32" } as const;
/** `tcx`. */
export const BpfLinkInfoTcx: Layout<typeof linkInfoTcxFields> = layout(linkInfoTcxFields);
const linkInfoNetkitFields = { ifindex: "u32", attach_type: "u32" } as const;
/** `netkit`. */
export const BpfLinkInfoNetkit: Layout<typeof linkInfoNetkitFields> = layout(linkInfoNetkitFields);
const linkInfoSockmapFields = { map_id: "u32", attach_type: "u32" } as const;
/** `sockmap`. */
export const BpfLinkInfoSockmap: Layout<typeof linkInfoSockmapFields> = layout(linkInfoSockmapFields);

const linkInfoPerfUprobeFields = {
  type: "u32",
  uprobe: { file_name: "usize", name_len: "u32", offset: "u32", cookie: "u64", ref_ctr_offset: "u64" },
} as const;
/** `perf_event`, of which the kind is one of `BpfPerfEventType`: a uprobe or a uretprobe. */
export const BpfLinkInfoPerfUprobe: Layout<typeof linkInfoPerfUprobeFields> = layout(linkInfoPerfUprobeFields);
const linkInfoPerfKprobeFields = {
  type: "u32",
  kprobe: { func_name: "usize", name_len: "u32", offset: "u32", addr: "u64", missed: "u64", cookie: "u64" },
} as const;
/** `perf_event` of a kprobe or a kretprobe. */
export const BpfLinkInfoPerfKprobe: Layout<typeof linkInfoPerfKprobeFields> = layout(linkInfoPerfKprobeFields);
const linkInfoPerfTracepointFields = {
  type: "u32",
  tracepoint: { tp_name: "usize", name_len: "u32", cookie: "u64" },
} as const;
/** `perf_event` of a tracepoint. */
export const BpfLinkInfoPerfTracepoint: Layout<typeof linkInfoPerfTracepointFields> =
  layout(linkInfoPerfTracepointFields);
const linkInfoPerfEventFields = { type: "u32", event: { config: "u64", type: "u32", cookie: "u64" } } as const;
/** `perf_event` of any other event. */
export const BpfLinkInfoPerfEvent: Layout<typeof linkInfoPerfEventFields> = layout(linkInfoPerfEventFields);
