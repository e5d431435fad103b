export { Attachments, attachBySection, autoAttach, type NotAttached } from "./auto-attach.ts";
export { BpfObject } from "./bpf-object.ts";
export type {
  AttachProgramOptions as CgroupAttachOptions,
  DetachProgramOptions as CgroupDetachOptions,
} from "./cgroup/attach.ts";
export { CGROUP_ATTACH_TYPES } from "./cgroup/attach-types.ts";
export type { CgroupProgram } from "./cgroup/cgroup-reader.ts";
export { type CgroupHook, type CgroupQueryOptions, cgroupPrograms, queryCgroup } from "./cgroup/query.ts";
export { type Cgroup, type WalkCgroupsOptions, walkCgroups } from "./cgroup/walk.ts";
export { openDisassembler } from "./disassembly/disassembler.ts";
export { EventReader } from "./events/event-reader.ts";
export type { EventMap, EventSource, OnRecord } from "./events/event-source.ts";
export { btfOfMapUsers } from "./events/map-btf.ts";
export {
  openPerfBuffer,
  openRingBuffer,
  openRingBuffers,
  type RecordsOptions,
  records,
} from "./events/open-events.ts";
export type { OnLost } from "./events/perf-ring.ts";
export { type PerfBufferOptions, PerfSource } from "./events/perf-source.ts";
export { decoded, type RecordType } from "./events/record-decoder.ts";
export { type DecodeRecord, RecordStream, type RecordStreamOptions } from "./events/record-stream.ts";
export { type Reservation, UserRingBuffer } from "./events/user-ring-buffer.ts";
export { keepKernelTypes } from "./kept-types.ts";
export { flushKernelBtf, KernelBtf, kernelBtf, type ModuleBtf } from "./kernel-btf.ts";
export { isGone, kindOfFd, type ObjectKind, type ObjectSource, openPinnedFd, takeObject } from "./kernel-object.ts";
export type { Anchor, AnchorTarget, Position } from "./link/anchor.ts";
export {
  type AttachProgramOptions,
  attachProgram,
  type DetachProgramOptions,
  detachProgram,
  type HookPlace,
} from "./link/attach-program.ts";
export { type AttachRawOptions, attachRaw } from "./link/attach-raw.ts";
export type { AttachTypeName } from "./link/attach-type.ts";
export { Attachment, type AttachmentOptions } from "./link/attachment.ts";
export { attachCgroup, type CgroupLinkPlace, type CgroupPlace } from "./link/cgroup.ts";
export {
  describeAllLinks,
  describeLinks,
  type LinkDescription,
  linkDescriptions,
  type SymbolName,
} from "./link/description.ts";
export { attachFreplace, type FreplacePlace } from "./link/freplace.ts";
export type { HookTarget } from "./link/hook-target.ts";
export {
  attachIterator,
  type CgroupOrder,
  type IteratorPlace,
  IteratorRun,
  openIterator,
} from "./link/iterator.ts";
export { attachKprobe, attachKretprobe, type KprobePlace, type KretprobePlace } from "./link/kprobe.ts";
export { attachKprobeMulti, type KprobeMultiPlace } from "./link/kprobe-multi.ts";
export { attachKretsyscall, attachKsyscall, type KsyscallPlace } from "./link/ksyscall.ts";
export {
  KernelLink,
  type KernelLinkOptions,
  type Link,
  links,
  openLink,
  type UpdateArgs,
  type UpdateOptions,
} from "./link/link.ts";
export { attachLsm } from "./link/lsm.ts";
export { attachNetfilter, type NetfilterPlace } from "./link/netfilter.ts";
export { attachNetkit, type NetkitPlace } from "./link/netkit.ts";
export { attachNetns, type NetnsPlace } from "./link/netns.ts";
export {
  attachPerfEvent,
  type HardwareEvent,
  type PerfEventPlace,
  type PerfEventSource,
  type SoftwareEvent,
} from "./link/perf-event.ts";
export type { Cookie } from "./link/perf-link.ts";
export type { ProbeMode } from "./link/probe-event.ts";
export {
  type AttachedProgram,
  type AttachedPrograms,
  type QueryOptions,
  queryPrograms,
} from "./link/query-programs.ts";
export { attachRawTracepoint, type RawTracepointPlace } from "./link/raw-tracepoint.ts";
export { attachReuseport, attachSocketFilter, type SocketSource } from "./link/socket-filter.ts";
export { attachSockmap, type SockmapPlace } from "./link/sockmap.ts";
export { attachStructOps, updateStructOps } from "./link/struct-ops.ts";
export { attachTc, removeClsact, type TcPlace } from "./link/tc.ts";
export { attachTcx, type TcxPlace } from "./link/tcx.ts";
export { attachTracepoint, type TracepointPlace } from "./link/tracepoint.ts";
export { attachTracing, type TracingOptions } from "./link/tracing.ts";
export { attachTracingMulti, type TracingMultiPlace } from "./link/tracing-multi.ts";
export { attachUprobe, attachUretprobe, type UprobePlace } from "./link/uprobe.ts";
export { attachUprobeMulti, type UprobeMultiPlace } from "./link/uprobe-multi.ts";
export { attachUsdt, type UsdtPlace } from "./link/usdt/usdt.ts";
export { attachXdp, type XdpPlace } from "./link/xdp.ts";
export { loadObject } from "./load/load-object.ts";
export type { LoadOptions } from "./load/options.ts";
export { VerifierError } from "./load/verifier-error.ts";
export type { Diagnosis } from "./load/verifier-log.ts";
export { loadedBtf } from "./loaded-btf.ts";
export { BatchCursor } from "./map/batch.ts";
export type { CType } from "./map/c-type.ts";
export { createMap, type MapOptions } from "./map/create.ts";
export type {
  LookupOptions as MapLookupOptions,
  UpdateMode,
  UpdateOptions as MapUpdateOptions,
} from "./map/element-options.ts";
export type { Integer } from "./map/integers.ts";
export type { BuildIdFrame, FdLike, StorageKey } from "./map/kernel-codecs.ts";
export { BpfMap, maps, openMap } from "./map/map.ts";
export type { MapTypes } from "./map/map-codecs.ts";
export { typesOfMap } from "./map/map-types.ts";
export { MapMemory } from "./map/memory.ts";
export type { PrefixKey } from "./map/prefix-codec.ts";
export { RawMap } from "./map/raw-map.ts";
export { hasKeyList, type KeyKind, type MapTraits, mapTraits, type ValueKind, valueBytes } from "./map/traits.ts";
export { type Chunk, chunksOf, type WalkedMap } from "./map/walk.ts";
export { type MapChange, type WatchedMap, type WatchOptions, watchMap } from "./map/watch.ts";
export { manyObjectPids, type ObjectPidsOptions, objectPids, perfLinkCookies } from "./pids/object-pids.ts";
export { type ObjectHolder, type ProcPidsOptions, procPids, quickProcPids } from "./pids/proc-pids.ts";
export { METRIC_NAMES, type Metric, type MetricName, type MetricRatio, metric } from "./profile/metrics.ts";
export {
  MAX_METRICS,
  type MetricReading,
  Profile,
  type ProfileOptions,
  type ProfileReading,
  profileProgram,
} from "./profile/profile.ts";
export {
  type AttachTargetName,
  type ProgramDetails,
  ProgramDetailsReader,
  type UsedMap,
} from "./program/details.ts";
export { type LoadedInstructions, loadedInstructions } from "./program/instructions.ts";
export { type JitedProgram, jitedProgram } from "./program/jited.ts";
export type { MetadataVariable } from "./program/metadata.ts";
export { fullProgramName } from "./program/name.ts";
export { type BenchmarkResult, openProgram, Program, type ProgramOrigin, programs } from "./program/program.ts";
export {
  FEW_PROGRAMS,
  type ProgramDevice,
  type ProgramHeader,
  ProgramReader,
  type ProgramRecord,
  programRecords,
} from "./program/record.ts";
export { describePrograms, manyProgramRecords } from "./program/record-iterator.ts";
export { enableStats, type ProgramStats, StatsCounting } from "./program/stats.ts";
export { readStream, type StreamName } from "./program/stream.ts";
export { readObject } from "./read-object.ts";
export { traceLog } from "./trace-log.ts";
export { Variable } from "./variable.ts";
