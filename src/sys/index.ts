export { type BtfLoadOptions, type BtfLoadResult, btfLoad, tryBtfLoad } from "./bpf/btf-load.ts";
export { bpf } from "./bpf/command.ts";
export { type HookAnswers, queryHooks } from "./bpf/hook-query.ts";
export {
  btfGetFdById,
  btfGetNextId,
  type GetFdByIdOptions,
  linkGetFdById,
  linkGetNextId,
  mapGetFdById,
  mapGetNextId,
  progGetFdById,
  progGetNextId,
  tryBtfGetFdById,
  tryLinkGetFdById,
  tryMapGetFdById,
  tryProgGetFdById,
} from "./bpf/ids.ts";
export {
  iterCreate,
  type LinkUpdateOptions,
  linkDetach,
  linkUpdate,
  type RawTracepointOptions,
  rawTracepointOpen,
} from "./bpf/link.ts";
export {
  type IterTarget,
  type KprobeMultiOptions,
  type LinkCreateOptions,
  type LinkPlace,
  linkCreate,
  type U64,
  type UprobeMultiOptions,
} from "./bpf/link-create.ts";
export {
  type IterInfo,
  type LinkInfo,
  type LinkInfoOf,
  linkHead,
  linkInfo,
  type PerfEventInfo,
  type UnknownLinkInfo,
} from "./bpf/link-info.ts";
export {
  type BatchOptions,
  type BatchStep,
  mapDeleteBatch,
  mapLookupAndDeleteBatch,
  mapLookupBatch,
  mapUpdateBatch,
} from "./bpf/map-batch.ts";
export { type MapCreateAttr, mapCreate, mapFreeze } from "./bpf/map-create.ts";
export {
  type ElementBuffer,
  elementPlaces,
  mapDeleteElem,
  mapGetNextKey,
  mapLookupAndDeleteElem,
  mapLookupElem,
  mapLookupPlaced,
  mapLookupWithoutKey,
  mapUpdateElem,
  mapUpdatePlaced,
} from "./bpf/map-element.ts";
export {
  type BtfInfo,
  btfInfo,
  type MapInfo,
  mapHash,
  mapInfo,
  mapInfoBytes,
  type TokenInfo,
  tokenInfo,
} from "./bpf/map-info.ts";
export { objectName } from "./bpf/object-name.ts";
export { type ObjOptions, objGet, objPin } from "./bpf/pin.ts";
export { type ProgAttachOptions, progAttach, progDetach } from "./bpf/prog-attach.ts";
export { type ProgHead, type ProgInfo, type ProgInfoRequest, progHead, progInfo } from "./bpf/prog-info.ts";
export { type ProgLoadOptions, type ProgLoadResult, progLoad, progLoadError, tryProgLoad } from "./bpf/prog-load.ts";
export { type ProgQueryOptions, type ProgQueryResult, progQuery } from "./bpf/prog-query.ts";
export {
  enableStats,
  progAssocStructOps,
  progBindMap,
  progStreamReadByFd,
  tokenCreate,
} from "./bpf/program-commands.ts";
export { type TaskFdInfo, taskFdQuery } from "./bpf/task-fd-query.ts";
export { progTestRun, type TestRunOptions, type TestRunResult } from "./bpf/test-run.ts";
export { withToken } from "./bpf/token.ts";
export { type CacheFile, readCacheFile, writeCacheFile } from "./cache-file.ts";
export {
  Capability,
  capabilities,
  effectiveCapabilities,
  hasCapability,
  inInitialUserNamespace,
} from "./capabilities.ts";
export { type CgroupDirectory, cgroup2Mount, childCgroups, openCgroup } from "./cgroups.ts";
export { EpollEvent, epollAdd, epollCreate, epollRemove, epollWait, type ReadyEvent } from "./epoll.ts";
export { FdPoll } from "./fd-poll.ts";
export { FdMemlock, fdInfo, parseFdInfo } from "./fdinfo.ts";
export { mapPrivately } from "./file-mapping.ts";
export {
  BPFFS_PATH,
  bpffsMounts,
  cgroupId,
  ensureBpffs,
  isBpffs,
  isCgroup1,
  isCgroup2,
  isDebugfs,
  isTracefs,
  type Mount,
  MountFlag,
  mount,
  mountBpffs,
  mounts,
  parseMountinfo,
  pathForNode,
  UmountFlag,
  unmount,
} from "./file-systems.ts";
export {
  type KernelSymbol,
  kernelFunctionNames,
  kernelSymbolAddresses,
  kernelSymbols,
  kernelSymbolsByAddress,
  kernelSymbolsByName,
} from "./kallsyms.ts";
export { addSessionKey, SESSION_KEYRING, unlinkSessionKey } from "./keyring.ts";
export {
  bootTime,
  bootToWallClock,
  onlineCpus,
  pageSize,
  parseCpuList,
  possibleCpuIds,
  possibleCpus,
} from "./machine.ts";
export { type MapMemoryOptions, MappedMemory, mapMemory } from "./map-memory.ts";
export { raiseMemlock, setMemlock } from "./memlock.ts";
export { Namespace, namespaceType, setNamespace, unshare } from "./namespaces.ts";
export { deviceIndex, deviceName, hasDevice, type NetnsPlace } from "./net-devices.ts";
export {
  encodeAttributes,
  type NetlinkAttribute,
  parseAttributes,
  type RouteRequest,
  routeRequest,
} from "./netlink.ts";
export {
  type NetDevice,
  netDevices,
  type TcBpfAction,
  type TcBpfFilter,
  type TcNode,
  tcBpfFilters,
  tcClasses,
  tcDisciplines,
  type XdpProgram,
} from "./network-listing.ts";
export { type OpenFile, type OpenFileNumbers, type OpenFileSearch, openFileNumbers, openFiles } from "./open-files.ts";
export { closeFd, duplicateFd, OwnedFd } from "./owned-fd.ts";
export {
  type PerfEventOptions,
  type PerfPmu,
  perfEventDisable,
  perfEventEnable,
  perfEventOpen,
  perfEventPauseOutput,
  perfEventQueryBpf,
  perfEventReset,
  perfEventSetBpf,
  perfPmu,
} from "./perf-event.ts";
export { explainPermission, nodeError, type PermissionContext, withNodeError } from "./permission.ts";
export { neededCapabilities } from "./permission-cause.ts";
export { pidfdOpen } from "./pidfd.ts";
export { replaceFile } from "./replace-file.ts";
export {
  type KernelVersion,
  kernelAtLeast,
  kernelBtfModules,
  kernelBtfPath,
  kernelBuildId,
  kernelConfig,
  kernelRelease,
  kernelVersion,
  lockdown,
  parseBuildId,
  parseKernelConfig,
  parseVersion,
  readNumber,
  readText,
  securityModules,
  unprivilegedBpfDisabled,
} from "./running-kernel.ts";
export { SocketOption, setSocketOption } from "./socket-option.ts";
export { type MadeProbe, makeTraceProbe, type TraceProbe, traceProbes } from "./trace-probes.ts";
export {
  ensureTracefs,
  type TraceableFunction,
  traceableFunctions,
  tracefsMount,
  tracepointId,
  tracepointNames,
  withFileSystem,
  withTracefs,
} from "./tracefs.ts";
export {
  addClsact,
  bpfFilterProgram,
  deleteBpfFilter,
  deleteClsact,
  type NewTcFilter,
  setBpfFilter,
  type TcFilter,
} from "./traffic-control.ts";
export { withoutCapabilities } from "./without-capabilities.ts";
export { type XdpAttachOptions, xdpAttach } from "./xdp-attach.ts";
