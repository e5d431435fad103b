import assert from "node:assert/strict";
import { test } from "node:test";
import { createMap, openMap } from "../../src/map/index.ts";
import * as sys from "../../src/sys/index.ts";
import {
  btfGetFdById,
  linkGetFdById,
  mapCreate,
  mapFreeze,
  mapGetFdById,
  mapGetNextId,
  mapInfo,
  mapLookupElem,
  mapUpdateElem,
  perfEventOpen,
  progGetFdById,
  progGetNextId,
  progInfo,
  progLoad,
  progTestRun,
} from "../../src/sys/index.ts";
import { type BpfAttachType, type BpfCmd, BpfMapType, BpfProgType } from "../../src/uapi/index.ts";
import { owned } from "../support/cleanup.ts";
import { returning } from "../support/programs.ts";

const ARRAY = { map_type: BpfMapType.BPF_MAP_TYPE_ARRAY, key_size: 4, value_size: 4, max_entries: 1 };
/** What a 32-bit field would cut to another number. */
function wrapping(good: number): number[] {
  return [2 ** 32 + good, good + 0.5, -1, Number.NaN, Number.POSITIVE_INFINITY];
}

test("a number that does not fit its field is refused, not cut to another object or size", (t) => {
  const map = owned(t, mapCreate(ARRAY));
  const program = owned(t, progLoad({ prog_type: BpfProgType.BPF_PROG_TYPE_SOCKET_FILTER, insns: returning(0) }));
  const mapId = mapInfo(map).id;
  const programId = progInfo(program).id;
  const key = new Uint8Array(4);
  const calls: Readonly<Record<string, [number, (number: number) => unknown]>> = {
    "openMap id": [mapId, (id) => openMap({ id }).close()],
    mapGetFdById: [mapId, (id) => mapGetFdById(id)],
    mapGetNextId: [mapId - 1, (id) => mapGetNextId(id)],
    progGetFdById: [programId, (id) => progGetFdById(id)],
    progGetNextId: [programId - 1, (id) => progGetNextId(id)],
    btfGetFdById: [1, (id) => btfGetFdById(id)],
    linkGetFdById: [1, (id) => linkGetFdById(id)],
    open_flags: [0, (open_flags) => mapGetFdById(mapId, { open_flags })],
    max_entries: [1, (max_entries) => mapCreate({ ...ARRAY, max_entries })],
    createMap: [1, (maxEntries) => createMap({ type: "array", key: "u32", value: "u32", maxEntries }).close()],
    map_flags: [0, (map_flags) => mapCreate({ ...ARRAY, map_flags })],
    progInfo: [program, (fd) => progInfo(fd)],
    mapInfo: [map, (fd) => mapInfo(fd)],
    mapFreeze: [map, (fd) => mapFreeze(fd)],
    mapLookupElem: [map, (fd) => mapLookupElem(fd, key, new Uint8Array(4))],
    mapUpdateElem: [map, (fd) => mapUpdateElem(fd, key, new Uint8Array(4))],
    prog_flags: [
      0,
      (prog_flags) => progLoad({ prog_type: BpfProgType.BPF_PROG_TYPE_XDP, insns: returning(0), prog_flags }),
    ],
    fd_array: [
      map,
      (fd) => progLoad({ prog_type: BpfProgType.BPF_PROG_TYPE_XDP, insns: returning(0), fd_array: [fd] }),
    ],
    repeat: [1, (repeat) => progTestRun(program, { data_in: new Uint8Array(64), repeat })],
    cpu: [0, (cpu) => progTestRun(program, { data_in: new Uint8Array(64), cpu })],
  };
  for (const [name, [good, call]] of Object.entries(calls)) {
    for (const bad of wrapping(good)) {
      assert.throws(() => call(bad), { code: "USAGE" }, `${name} ${bad}`);
    }
  }
  assert.throws(() => mapUpdateElem(map, key, new Uint8Array(4), 2n ** 64n), { code: "USAGE" });
  assert.throws(() => mapCreate({ ...ARRAY, map_extra: -1n }), { code: "USAGE" });
  assert.throws(() => perfEventOpen({ type: 1, config: 2n ** 64n }), { code: "USAGE" });
  assert.throws(() => perfEventOpen({ type: 1, pid: 2 ** 32 }), { code: "USAGE" });
});

test("the error says which field, which number, and what fits", () => {
  assert.throws(() => mapCreate({ ...ARRAY, max_entries: 2 ** 32 + 1 }), {
    name: "UsageError",
    message: "max_entries: 4294967297 is not a whole number from 0 to 4294967295",
  });
});

const bytes = (count: number): Uint8Array => new Uint8Array(count);
const NOWHERE = "/nonexistent/bpfts";

/** Calls whose number has 64 bits. */
const WIDE = new Set<unknown>();
function wide(call: (bad: number) => unknown): (bad: number) => unknown {
  WIDE.add(call);
  return call;
}

/**
 * Each function of `bpfts/sys` that takes numbers for the kernel, with every such number in turn. With 0 for a number the
 * call fails or does nothing, so that a number that is cut does no harm.
 */
const CALLS: Partial<Record<keyof typeof sys, readonly ((bad: number) => unknown)[]>> = {
  addClsact: [(n) => sys.addClsact(n)],
  bpf: [(n) => sys.bpf(n as BpfCmd, bytes(4))],
  bpfFilterProgram: [
    (n) => sys.bpfFilterProgram({ ...NO_FILTER, ifindex: n }),
    (n) => sys.bpfFilterProgram({ ...NO_FILTER, parent: n }),
    (n) => sys.bpfFilterProgram({ ...NO_FILTER, priority: n }),
    (n) => sys.bpfFilterProgram({ ...NO_FILTER, handle: n }),
  ],
  btfGetFdById: [(n) => sys.btfGetFdById(n), (n) => sys.btfGetFdById(0, { open_flags: n })],
  btfGetNextId: [(n) => sys.btfGetNextId(n)],
  btfInfo: [(n) => sys.btfInfo(n)],
  btfLoad: [
    (n) => sys.btfLoad(bytes(8), { btf_flags: n }),
    (n) => sys.btfLoad(bytes(8), { btf_token_fd: n }),
    (n) => sys.btfLoad(bytes(8), { log: { size: n } }),
    (n) => sys.btfLoad(bytes(8), { log: { size: 64, level: n } }),
  ],
  childCgroups: [(n) => sys.childCgroups(n)],
  closeFd: [(n) => sys.closeFd(n)],
  deleteBpfFilter: [(n) => sys.deleteBpfFilter({ ...NO_FILTER, ifindex: n })],
  deleteClsact: [(n) => sys.deleteClsact(n)],
  deviceName: [(n) => sys.deviceName(n)],
  duplicateFd: [(n) => sys.duplicateFd(n)],
  enableStats: [(n) => sys.closeFd(sys.enableStats(n))],
  encodeAttributes: [(n) => sys.encodeAttributes([[n, bytes(4)]]), (n) => sys.encodeAttributes([[1, n]])],
  epollAdd: [
    (n) => sys.epollAdd(n, 0),
    (n) => sys.epollAdd(-1, n),
    (n) => sys.epollAdd(-1, 0, n),
    (n) => sys.epollAdd(-1, 0, 1, n),
  ],
  epollRemove: [(n) => sys.epollRemove(n, 0), (n) => sys.epollRemove(-1, n)],
  epollWait: [(n) => sys.epollWait(n), (n) => sys.epollWait(-1, n), (n) => sys.epollWait(-1, 1, n)],
  fdInfo: [(n) => sys.fdInfo(n), (n) => sys.fdInfo(0, n)],
  hasDevice: [(n) => sys.hasDevice(n)],
  iterCreate: [(n) => sys.iterCreate(n), (n) => sys.iterCreate(-0, n)],
  linkCreate: [
    (n) => sys.linkCreate(n, 0, 0),
    (n) => sys.linkCreate(0, n, 0),
    (n) => sys.linkCreate(0, 0, n as BpfAttachType),
    (n) => sys.linkCreate(0, 0, 0, { flags: n }),
    (n) => sys.linkCreate(0, 0, 0, { target_btf_id: n }),
    wide((n) => sys.linkCreate(0, 0, 0, { tracing: { cookie: n } })),
    wide((n) => sys.linkCreate(0, 0, 0, { perf_event: { bpf_cookie: n } })),
    (n) => sys.linkCreate(0, 0, 0, { tcx: { relative_fd: n } }),
    (n) => sys.linkCreate(0, 0, 0, { cgroup: { relative_id: n } }),
    (n) => sys.linkCreate(0, 0, 0, { netfilter: { pf: n, hooknum: 0, priority: 0 } }),
    (n) => sys.linkCreate(0, 0, 0, { netfilter: { pf: 0, hooknum: n, priority: 0 } }),
    (n) => sys.linkCreate(0, 0, 0, { netfilter: { pf: 0, hooknum: 0, priority: n } }),
    wide((n) => sys.linkCreate(0, 0, 0, { kprobe_multi: { addrs: [n] } })),
    (n) => sys.linkCreate(0, 0, 0, { kprobe_multi: { addrs: [0], flags: n } }),
    wide((n) => sys.linkCreate(0, 0, 0, { kprobe_multi: { addrs: [0], cookies: [n] } })),
    wide((n) => sys.linkCreate(0, 0, 0, { uprobe_multi: { path: NOWHERE, offsets: [n] } })),
    (n) => sys.linkCreate(0, 0, 0, { uprobe_multi: { path: NOWHERE, offsets: [0], flags: n } }),
    (n) => sys.linkCreate(0, 0, 0, { uprobe_multi: { path: NOWHERE, offsets: [0], pid: n } }),
    (n) => sys.linkCreate(0, 0, 0, { uprobe_multi: { path_fd: n, offsets: [0] } }),
    (n) => sys.linkCreate(0, 0, 0, { tracing_multi: { ids: [n] } }),
    (n) => sys.linkCreate(0, 0, 0, { iter_info: { map: { map_fd: n } } }),
    (n) => sys.linkCreate(0, 0, 0, { iter_info: { cgroup: { order: n } } }),
    (n) => sys.linkCreate(0, 0, 0, { iter_info: { task: { tid: n } } }),
  ],
  linkDetach: [(n) => sys.linkDetach(n)],
  linkGetFdById: [(n) => sys.linkGetFdById(n)],
  linkGetNextId: [(n) => sys.linkGetNextId(n)],
  linkHead: [(n) => sys.linkHead(n)],
  linkInfo: [(n) => sys.linkInfo(n)],
  linkUpdate: [
    (n) => sys.linkUpdate(n, 0),
    (n) => sys.linkUpdate(0, n),
    (n) => sys.linkUpdate(0, 0, { flags: n }),
    (n) => sys.linkUpdate(0, 0, { flags: n, old_prog_fd: 0 }),
    (n) => sys.linkUpdate(0, 0, { old_prog_fd: n }),
  ],
  makeTraceProbe: [(n) => sys.makeTraceProbe({ file: "kprobe_events", returns: true, target: "", maxActive: n })],
  mapCreate: [
    (n) => sys.mapCreate({ ...ARRAY, map_type: n as BpfMapType }),
    (n) => sys.mapCreate({ ...ARRAY, key_size: n }),
    (n) => sys.mapCreate({ ...ARRAY, value_size: n }),
    (n) => sys.mapCreate({ ...ARRAY, max_entries: n }),
  ],
  mapDeleteBatch: [(n) => sys.mapDeleteBatch(n, bytes(4), 1), (n) => sys.mapDeleteBatch(0, bytes(4), n)],
  mapDeleteElem: [(n) => sys.mapDeleteElem(n, bytes(4))],
  mapFreeze: [(n) => sys.mapFreeze(n)],
  mapGetFdById: [
    (n) => sys.mapGetFdById(n),
    (n) => sys.mapGetFdById(0, { open_flags: n }),
    (n) => sys.mapGetFdById(0, { token_fd: n }),
  ],
  mapGetNextId: [(n) => sys.mapGetNextId(n)],
  mapGetNextKey: [(n) => sys.mapGetNextKey(n, undefined, bytes(4))],
  mapHash: [(n) => sys.mapHash(n)],
  mapInfo: [(n) => sys.mapInfo(n)],
  mapInfoBytes: [(n) => sys.mapInfoBytes(n, 8), (n) => sys.mapInfoBytes(NO_FD, n)],
  mapLookupAndDeleteBatch: [
    (n) => sys.mapLookupAndDeleteBatch(n, bytes(4), true, bytes(4), bytes(4), 1),
    (n) => sys.mapLookupAndDeleteBatch(0, bytes(4), true, bytes(4), bytes(4), n),
  ],
  mapLookupAndDeleteElem: [(n) => sys.mapLookupAndDeleteElem(n, bytes(4), bytes(4))],
  mapLookupBatch: [
    (n) => sys.mapLookupBatch(n, bytes(4), true, bytes(4), bytes(4), 1),
    (n) => sys.mapLookupBatch(0, bytes(4), true, bytes(4), bytes(4), n),
  ],
  mapLookupElem: [(n) => sys.mapLookupElem(n, bytes(4), bytes(4))],
  mapLookupWithoutKey: [(n) => sys.mapLookupWithoutKey(n, bytes(4))],
  mapMemory: [
    (n) => sys.mapMemory(n, { length: 4096 }),
    wide((n) => sys.mapMemory(NO_FD, { length: n })),
    wide((n) => sys.mapMemory(NO_FD, { length: 4096, offset: n })),
  ],
  mapUpdateBatch: [
    (n) => sys.mapUpdateBatch(n, bytes(4), bytes(4), 1),
    (n) => sys.mapUpdateBatch(0, bytes(4), bytes(4), n),
  ],
  mapUpdateElem: [(n) => sys.mapUpdateElem(n, bytes(4), bytes(4))],
  mount: [wide((n) => sys.mount({ target: NOWHERE, flags: n }))],
  namespaceType: [(n) => sys.namespaceType(n)],
  objGet: [
    (n) => sys.objGet(NOWHERE, { file_flags: n }),
    (n) => sys.objGet(NOWHERE, { path_fd: n }),
    (n) => sys.objGet("x", { path_fd: 0, file_flags: n }),
  ],
  objPin: [(n) => sys.objPin(NOWHERE, n), (n) => sys.objPin(NOWHERE, 0, { file_flags: n })],
  perfEventDisable: [(n) => sys.perfEventDisable(n)],
  perfEventEnable: [(n) => sys.perfEventEnable(n)],
  perfEventOpen: [
    (n) => sys.perfEventOpen({ type: n }),
    wide((n) => sys.perfEventOpen({ type: NO_PMU, config: n })),
    wide((n) => sys.perfEventOpen({ type: NO_PMU, config1: n })),
    wide((n) => sys.perfEventOpen({ type: NO_PMU, config2: n })),
    wide((n) => sys.perfEventOpen({ type: NO_PMU, sample_period: n })),
    (n) => sys.perfEventOpen({ type: NO_PMU, wakeup_events: n }),
    (n) => sys.perfEventOpen({ type: NO_PMU, pid: n }),
    (n) => sys.perfEventOpen({ type: NO_PMU, cpu: n }),
    (n) => sys.perfEventOpen({ type: NO_PMU, group_fd: n }),
    (n) => sys.perfEventOpen({ type: NO_PMU, flags: n }),
  ],
  perfEventPauseOutput: [(n) => sys.perfEventPauseOutput(n, true)],
  perfEventQueryBpf: [(n) => sys.perfEventQueryBpf(n)],
  perfEventReset: [(n) => sys.perfEventReset(n)],
  perfEventSetBpf: [(n) => sys.perfEventSetBpf(n, 0), (n) => sys.perfEventSetBpf(-1, n)],
  pidfdOpen: [(n) => sys.pidfdOpen(n)],
  progAssocStructOps: [
    (n) => sys.progAssocStructOps(n, 0),
    (n) => sys.progAssocStructOps(0, n),
    (n) => sys.progAssocStructOps(0, 0, n),
  ],
  progAttach: [
    (n) => sys.progAttach(n, 0, 0),
    (n) => sys.progAttach(0, n, 0),
    (n) => sys.progAttach(0, 0, n as BpfAttachType),
    (n) => sys.progAttach(0, 0, 0, { attach_flags: n }),
    (n) => sys.progAttach(0, 0, 0, { attach_flags: n, relative_id: 0 }),
    (n) => sys.progAttach(0, 0, 0, { replace_bpf_fd: n }),
    (n) => sys.progAttach(0, 0, 0, { relative_fd: n }),
    (n) => sys.progAttach(0, 0, 0, { relative_id: n }),
  ],
  progBindMap: [(n) => sys.progBindMap(n, 0), (n) => sys.progBindMap(0, n)],
  progDetach: [
    (n) => sys.progDetach(n, 0, 0),
    (n) => sys.progDetach(0, n, 0),
    (n) => sys.progDetach(0, 0, 0, { attach_flags: n }),
  ],
  progGetFdById: [(n) => sys.progGetFdById(n)],
  progGetNextId: [(n) => sys.progGetNextId(n)],
  progHead: [(n) => sys.progHead(n)],
  progInfo: [(n) => sys.progInfo(n)],
  progLoad: (
    [
      "prog_type",
      "expected_attach_type",
      "prog_flags",
      "kern_version",
      "prog_ifindex",
      "prog_btf_fd",
      "attach_btf_id",
      "attach_prog_fd",
      "attach_btf_obj_fd",
      "fd_array_cnt",
      "prog_token_fd",
      "keyring_id",
    ] as const
  ).map(
    (field) => (n: number) => sys.progLoad({ prog_type: BpfProgType.BPF_PROG_TYPE_XDP, insns: bytes(8), [field]: n }),
  ),
  progQuery: [
    (n) => sys.progQuery(n, 0),
    (n) => sys.progQuery(0, n as BpfAttachType),
    (n) => sys.progQuery(0, 0, { query_flags: n }),
  ],
  progStreamReadByFd: [(n) => sys.progStreamReadByFd(n, 1, bytes(4)), (n) => sys.progStreamReadByFd(0, n, bytes(4))],
  progTestRun: [
    (n) => sys.progTestRun(n),
    ...(["repeat", "flags", "cpu", "batch_size", "data_size_out", "ctx_size_out"] as const).map(
      (field) => (n: number) => sys.progTestRun(0, { [field]: n }),
    ),
  ],
  queryHooks: [
    (n) => sys.queryHooks(n, [0]),
    (n) => sys.queryHooks(0, [n as BpfAttachType]),
    (n) => sys.queryHooks(0, [0], { capacity: n }),
  ],
  rawTracepointOpen: [(n) => sys.rawTracepointOpen(n), wide((n) => sys.rawTracepointOpen(0, { cookie: n }))],
  routeRequest: [
    (n) => sys.routeRequest({ type: "RTM_DELTFILTER", header: new DataView(new ArrayBuffer(20)), flags: n }),
  ],
  setBpfFilter: [(n) => sys.setBpfFilter({ ...NO_FILTER, progFd: n, name: "x" })],
  setNamespace: [(n) => sys.setNamespace(n), (n) => sys.setNamespace(-1, n)],
  setSocketOption: [
    (n) => sys.setSocketOption(n, "SO_ATTACH_BPF", 0),
    (n) => sys.setSocketOption(-1, "SO_ATTACH_BPF", n),
  ],
  taskFdQuery: [(n) => sys.taskFdQuery(n, 0), (n) => sys.taskFdQuery(process.pid, n)],
  tcBpfFilters: [(n) => sys.tcBpfFilters(n, 0), (n) => sys.tcBpfFilters(0, n)],
  tcClasses: [(n) => sys.tcClasses(n)],
  tokenCreate: [(n) => sys.tokenCreate(n), (n) => sys.tokenCreate(0, n)],
  tokenInfo: [(n) => sys.tokenInfo(n)],
  tryBtfGetFdById: [(n) => sys.tryBtfGetFdById(n)],
  tryBtfLoad: [(n) => sys.tryBtfLoad(bytes(8), { btf_flags: n })],
  tryLinkGetFdById: [(n) => sys.tryLinkGetFdById(n)],
  tryMapGetFdById: [(n) => sys.tryMapGetFdById(n)],
  tryProgGetFdById: [(n) => sys.tryProgGetFdById(n)],
  tryProgLoad: [(n) => sys.tryProgLoad({ prog_type: n as BpfProgType, insns: bytes(8) })],
  unlinkSessionKey: [(n) => sys.unlinkSessionKey(n)],
  unmount: [(n) => sys.unmount(NOWHERE, n)],
  unshare: [(n) => sys.unshare(n)],
  withToken: [(n) => sys.withToken(n, () => sys.mapCreate({ map_type: 0 }))],
  xdpAttach: [
    (n) => sys.xdpAttach(n, 0),
    (n) => sys.xdpAttach(-1, n),
    (n) => sys.xdpAttach(-1, 0, { flags: n, expectedFd: 0 }),
    (n) => sys.xdpAttach(-1, 0, { expectedFd: n }),
  ],
};

const NO_FILTER = { ifindex: 0, parent: 0, priority: 0, handle: 0 };
const NO_FD = 2 ** 31 - 1;
const NO_PMU = 2 ** 31 - 1;

/** Functions whose numbers, if they have any, do not reach the kernel. */
const WITHOUT_NUMBERS: ReadonlySet<string> = new Set(
  `
  addSessionKey bootTime bootToWallClock bpffsMounts capabilities cgroup2Mount cgroupId deviceIndex effectiveCapabilities
  elementPlaces ensureBpffs ensureTracefs epollCreate explainPermission hasCapability inInitialUserNamespace isBpffs
  isCgroup1 isCgroup2 isDebugfs isTracefs kernelAtLeast kernelBtfModules kernelBtfPath kernelBuildId kernelConfig
  kernelFunctionNames kernelRelease kernelSymbolAddresses kernelSymbols kernelSymbolsByAddress kernelSymbolsByName
  kernelVersion lockdown mapPrivately mountBpffs mounts neededCapabilities objectName onlineCpus openCgroup
  netDevices openFileNumbers openFiles pageSize parseAttributes parseBuildId parseCpuList parseFdInfo parseKernelConfig parseMountinfo
  parseVersion pathForNode perfPmu possibleCpuIds possibleCpus progLoadError raiseMemlock readCacheFile readNumber
  readText securityModules setMemlock tcDisciplines traceProbes traceableFunctions tracefsMount tracepointId tracepointNames nodeError withNodeError
  replaceFile unprivilegedBpfDisabled withFileSystem withoutCapabilities withTracefs writeCacheFile
  FdMemlock FdPoll MappedMemory OwnedFd
  mapLookupPlaced mapUpdatePlaced
`
    .trim()
    .split(/\s+/),
);

test("each function of bpfts/sys refuses a number that the kernel would cut", () => {
  for (const [name, value] of Object.entries(sys)) {
    if (typeof value !== "function") continue;
    const calls = CALLS[name as keyof typeof sys];
    assert.notEqual(calls !== undefined, WITHOUT_NUMBERS.has(name), `${name} is in one of the two lists`);
    calls?.forEach((call, index) => {
      for (const bad of [
        2 ** 64,
        2 ** 53 + 2,
        0.5,
        Number.NaN,
        Number.POSITIVE_INFINITY,
        WIDE.has(call) ? -0.5 : 2 ** 32,
      ]) {
        assert.throws(() => call(bad), { code: "USAGE" }, `${name}, number ${index + 1}: ${bad}`);
      }
    });
  }
});

/** Claims to be longer than it is. */
class FalseLength extends Uint8Array {
  override get length(): number {
    return 2 ** 20;
  }
}

test("a buffer is as long as it is, whatever its length property says", (t) => {
  const fd = owned(t, progLoad({ prog_type: BpfProgType.BPF_PROG_TYPE_SOCKET_FILTER, insns: returning(7) }));
  const insns = new FalseLength(returning(7));
  assert.equal(progTestRun(owned(t, progLoad({ prog_type: 1, insns })), { data_in: bytes(64) }).retval, 7);
  const packet = new FalseLength(64);
  assert.equal(progTestRun(fd, { data_in: packet, data_size_out: 64 }).data_size_out, 64);
  // The kernel takes no context of these programs that is longer than a struct __sk_buff; 8 bytes of zeros are fine.
  assert.equal(progTestRun(fd, { data_in: bytes(64), ctx_in: new FalseLength(8) }).retval, 7);
  assert.throws(
    () => sys.progLoad({ prog_type: 1, insns: new FalseLength(4) }),
    /^UsageError: the instructions have 4 bytes, which is not a multiple of 8$/,
  );
  assert.throws(() => sys.btfLoad(new FalseLength(8)), { errnoName: "EINVAL" });
  assert.equal(sys.bpf(0, new FalseLength(4)), -22);
  assert.throws(
    () => sys.bpf(0, bytes(4097)),
    /the attr of this bpf\(2\) call has 4097 bytes, but the kernel accepts at most 4096$/,
  );
});
