export type { Anchor, AnchorTarget, Position } from "./anchor.ts";
export { type AttachTypeName, checkArguments } from "./attach-arguments.ts";
export { type AttachRawOptions, attachRaw } from "./attach-raw.ts";
export { Attachment, type AttachmentOptions } from "./attachment.ts";
export type {
  AttachProgramOptions as CgroupAttachOptions,
  CgroupPlace,
  DetachProgramOptions as CgroupDetachOptions,
} from "./cgroup/attach.ts";
export { CGROUP_ATTACH_TYPES } from "./cgroup/attach-types.ts";
export type { CgroupProgram } from "./cgroup/cgroup-reader.ts";
export { type CgroupHook, type CgroupQueryOptions, cgroupPrograms, queryCgroup } from "./cgroup/query.ts";
export { type Cgroup, type WalkCgroupsOptions, walkCgroups } from "./cgroup/walk.ts";
export { type Device, findDevice } from "./device.ts";
export { sectionOf } from "./hook.ts";
export { type LinkInfo, type LinkInfoOf, type PerfEventInfo, readLinkInfo } from "./info.ts";
export { attachCgroup, type CgroupLinkPlace } from "./kinds/cgroup.ts";
export { attachFreplace, type FreplacePlace } from "./kinds/freplace.ts";
export { attachIterator, type CgroupOrder, type IteratorPlace, IteratorRun, openIterator } from "./kinds/iterator.ts";
export { attachKprobe, attachKretprobe, type KprobePlace, type KretprobePlace, kprobeSection } from "./kinds/kprobe.ts";
export { attachKprobeMulti, type KprobeMultiPlace } from "./kinds/kprobe-multi.ts";
export { attachKretsyscall, attachKsyscall, type KsyscallPlace } from "./kinds/ksyscall.ts";
export { attachLsm } from "./kinds/lsm.ts";
export { attachNetfilter, type NetfilterPlace } from "./kinds/netfilter.ts";
export { attachNetkit, type NetkitPlace } from "./kinds/netkit.ts";
export { attachNetns, type NetnsPlace } from "./kinds/netns.ts";
export {
  attachPerfEvent,
  type HardwareEvent,
  type PerfEventPlace,
  type PerfEventSource,
  type SoftwareEvent,
} from "./kinds/perf-event.ts";
export { attachRawTracepoint, type RawTracepointPlace } from "./kinds/raw-tracepoint.ts";
export { attachReuseport, attachSocketFilter, type SocketSource } from "./kinds/socket-filter.ts";
export { attachSockmap, type SockmapPlace } from "./kinds/sockmap.ts";
export {
  attachStructOps,
  isLinkedStructOps,
  registerStructOps,
  type StructOpsObject,
  unregisterStructOps,
  updateStructOps,
} from "./kinds/struct-ops.ts";
export { attachTc, removeClsact, type TcPlace } from "./kinds/tc.ts";
export { attachTcx, type TcxPlace } from "./kinds/tcx.ts";
export { attachTracepoint, type TracepointPlace } from "./kinds/tracepoint.ts";
export { attachTracing, type TracingOptions } from "./kinds/tracing.ts";
export { attachTracingMulti, type TracingMultiPlace } from "./kinds/tracing-multi.ts";
export { attachUprobe, attachUretprobe, type UprobePlace, uprobeSection } from "./kinds/uprobe.ts";
export { attachUprobeMulti, type UprobeMultiPlace } from "./kinds/uprobe-multi.ts";
export { attachUsdt, type UsdtPlace, usdtSection } from "./kinds/usdt.ts";
export { attachXdp, type XdpPlace } from "./kinds/xdp.ts";
export {
  KernelLink,
  type KernelLinkOptions,
  type Link,
  links,
  openLink,
  type UpdateOptions,
} from "./link.ts";
export { inNetworkNamespace } from "./network-namespace.ts";
export type { Cookie } from "./perf-link.ts";
export type { ProbeMode } from "./probe/probe-event.ts";
export {
  type AttachProgramOptions,
  attachProgram,
  type DetachProgramOptions,
  detachProgram,
  type HookPlace,
} from "./prog-attach/attach-program.ts";
export type { HookTarget } from "./prog-attach/hook-target.ts";
export {
  type AttachedProgram,
  type AttachedPrograms,
  type QueryOptions,
  queryPrograms,
} from "./prog-attach/query-programs.ts";
