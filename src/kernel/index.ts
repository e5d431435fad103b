export { BpfObject } from "./bpf-object.ts";
export { flushKernelBtf, KernelBtf, kernelBtf, type ModuleBtf } from "./kernel-btf.ts";
export { isGone, kindOfFd, type ObjectKind, type ObjectSource, takeObject } from "./kernel-object.ts";
export type { Anchor, AnchorTarget, Position } from "./link/anchor.ts";
export { type AttachRawOptions, attachRaw } from "./link/attach-raw.ts";
export type { AttachTypeName } from "./link/attach-type.ts";
export { Attachment, type AttachmentOptions } from "./link/attachment.ts";
export {
  type AttachProgramOptions,
  attachCgroup,
  attachProgram,
  type CgroupPlace,
  detachProgram,
  queryCgroup,
} from "./link/cgroup.ts";
export {
  KernelLink,
  type KernelLinkOptions,
  type Link,
  links,
  openLink,
  type UpdateArgs,
  type UpdateOptions,
} from "./link/link.ts";
export {
  attachRawTracepoint,
  attachTracing,
  type RawTracepointPlace,
} from "./link/raw-tracepoint.ts";
export { attachTracepoint, type TracepointPlace } from "./link/tracepoint.ts";
export { attachXdp, type XdpPlace } from "./link/xdp.ts";
export { loadObject } from "./load/load-object.ts";
export type { LoadOptions } from "./load/options.ts";
export { VerifierError } from "./load/verifier-error.ts";
export type { Diagnosis } from "./load/verifier-log.ts";
export { loadedBtf } from "./loaded-btf.ts";
export { BpfMap, type MapTypes, maps, openMap, type UpdateMode } from "./map/map.ts";
export { type BenchmarkResult, openProgram, Program, type ProgramOrigin, programs } from "./program/program.ts";
export { enableStats, type ProgramStats, StatsCounting } from "./program/stats.ts";
export { readObject } from "./read-object.ts";
export { Variable } from "./variable.ts";
