import { SyscallError, UsageError } from "../errors/index.ts";
import { hasFullRangeOffsets, mapTooNew } from "../kernel/index.ts";
import type { MapSpec } from "../object/index.ts";
import {
  closeFd,
  type MapCreateAttr,
  mapCreate,
  mapFreeze,
  mapMemory,
  mapUpdateElem,
  OwnedFd,
  possibleCpus,
} from "../sys/index.ts";
import { BpfMapType } from "../uapi/index.ts";

/** What of a struct_ops map depends on the kernel. */
export interface KernelStructOps {
  readonly valueTypeId: number;
  readonly valueSize: number;
  /** The BTF of the module that has the struct; 0 for the kernel's own. */
  readonly btfFd: number;
}

const PAGE = 4096;
const BPF_F_VTYPE_BTF_OBJ_FD = 0x8000;

/** Types that the kernel wants without BTF of keys and values. */
const WITHOUT_BTF: ReadonlySet<number> = new Set([
  BpfMapType.BPF_MAP_TYPE_PERF_EVENT_ARRAY,
  BpfMapType.BPF_MAP_TYPE_CGROUP_ARRAY,
  BpfMapType.BPF_MAP_TYPE_STACK_TRACE,
  BpfMapType.BPF_MAP_TYPE_ARRAY_OF_MAPS,
  BpfMapType.BPF_MAP_TYPE_HASH_OF_MAPS,
  BpfMapType.BPF_MAP_TYPE_DEVMAP,
  BpfMapType.BPF_MAP_TYPE_DEVMAP_HASH,
  BpfMapType.BPF_MAP_TYPE_CPUMAP,
  BpfMapType.BPF_MAP_TYPE_XSKMAP,
  BpfMapType.BPF_MAP_TYPE_SOCKMAP,
  BpfMapType.BPF_MAP_TYPE_SOCKHASH,
  BpfMapType.BPF_MAP_TYPE_QUEUE,
  BpfMapType.BPF_MAP_TYPE_STACK,
  BpfMapType.BPF_MAP_TYPE_ARENA,
]);

/** max_entries as the map is created: rings are whole pages and powers of two, perf event arrays count CPUs. */
export function effectiveMaxEntries(spec: MapSpec): number {
  const { type, maxEntries } = spec;
  if (type === BpfMapType.BPF_MAP_TYPE_RINGBUF || type === BpfMapType.BPF_MAP_TYPE_USER_RINGBUF) {
    // 0 stays 0, and above 2^31 no power of two is left: the kernel refuses both.
    if (maxEntries === 0 || maxEntries > 2 ** 31) return maxEntries;
    let size = PAGE;
    while (size < maxEntries) size *= 2;
    return size;
  }
  return type === BpfMapType.BPF_MAP_TYPE_PERF_EVENT_ARRAY && maxEntries === 0 ? possibleCpus() : maxEntries;
}

/** What a map is created with, beside its spec. */
export interface MapParts {
  /** The object's BTF in the kernel. */
  readonly btf: OwnedFd | undefined;
  readonly structOps?: KernelStructOps | undefined;
  /** The device to offload to, in place of the spec's. */
  readonly ifindex?: number | undefined;
}

/** Creates a map from its spec, empty. */
export function createMap(spec: MapSpec, parts: MapParts): OwnedFd {
  const inner = spec.innerMap === undefined ? undefined : createMap(spec.innerMap, { btf: parts.btf });
  try {
    return new OwnedFd(createWith(spec, parts, inner?.number), `map ${spec.name}`);
  } finally {
    inner?.close();
  }
}

/** BPF_MAP_CREATE's attr of a map, without the types and the fds that it may name. */
export function mapAttr(spec: MapSpec, { structOps, ifindex }: Omit<MapParts, "btf">): MapCreateAttr {
  return {
    map_type: spec.type,
    key_size: spec.keySize,
    value_size: structOps?.valueSize ?? spec.valueSize,
    max_entries: effectiveMaxEntries(spec),
    map_flags: structOps !== undefined && structOps.btfFd !== 0 ? spec.flags | BPF_F_VTYPE_BTF_OBJ_FD : spec.flags,
    map_name: spec.kernelName,
    // A perf event array serves the host and a device alike (libbpf's bpf_map__is_offload_neutral).
    map_ifindex: spec.type === BpfMapType.BPF_MAP_TYPE_PERF_EVENT_ARRAY ? spec.ifindex : (ifindex ?? spec.ifindex),
    map_extra: spec.mapExtra,
    numa_node: spec.numaNode,
    btf_vmlinux_value_type_id: structOps?.valueTypeId,
    value_type_btf_obj_fd: structOps === undefined || structOps.btfFd === 0 ? undefined : structOps.btfFd,
  };
}

/** Whether a map is created with the types of its keys and values. */
export function isTyped(spec: MapSpec): boolean {
  return !WITHOUT_BTF.has(spec.type);
}

function createWith(spec: MapSpec, parts: MapParts, inner: number | undefined): number {
  const attr = { ...mapAttr(spec, parts), inner_map_fd: inner };
  const { btf } = parts;
  if (btf === undefined || !isTyped(spec)) return createNamed(spec, attr);
  const isStructOps = spec.type === BpfMapType.BPF_MAP_TYPE_STRUCT_OPS;
  try {
    return mapCreate({
      ...attr,
      btf_fd: btf.number,
      btf_key_type_id: spec.keyTypeId,
      btf_value_type_id: isStructOps ? 0 : spec.valueTypeId,
    });
  } catch (error) {
    // Some types take no BTF on some kernels; the map does its work without.
    if (!(error instanceof SyscallError) || (spec.keyTypeId === 0 && spec.valueTypeId === 0))
      throw mapTooNew(attr, error, `map ${spec.name}`) ?? about(spec, error);
    return createNamed(spec, attr);
  }
}

function createNamed(spec: MapSpec, attr: MapCreateAttr): number {
  try {
    return mapCreate(attr);
  } catch (error) {
    throw mapTooNew(attr, error, `map ${spec.name}`) ?? about(spec, error);
  }
}

function about(spec: MapSpec, error: unknown): unknown {
  if (!(error instanceof SyscallError)) return error;
  const { call, errno, hint } = error;
  return new SyscallError({ call, errno, subject: `map ${spec.name}`, hint }, { cause: error });
}

/** Puts a data section's bytes into its map, and freezes it if the section is read-only. */
export function fillDataMap(spec: MapSpec, fd: number, contents: Uint8Array): void {
  mapUpdateElem(fd, new Uint8Array(4), contents);
  if (spec.frozen) mapFreeze(fd);
}

/**
 * Where an object's globals lie in its arena, in bytes from its start: at the end where the kernel takes such offsets
 * in instructions, otherwise at the start. libbpf 1.8 does the same.
 */
export function arenaDataOffset(spec: MapSpec): number {
  const { contents } = spec;
  if (contents === undefined || contents.length === 0 || !hasFullRangeOffsets()) return 0;
  return spec.maxEntries * PAGE - Math.ceil(contents.length / PAGE) * PAGE;
}

/** Writes an object's globals into its arena, by a mapping for the time of the call. */
export function fillArena(spec: MapSpec, fd: number): void {
  const { contents } = spec;
  const length = spec.maxEntries * PAGE;
  if (contents === undefined || contents.length === 0) return;
  if (contents.length > length) {
    throw new UsageError(`map ${spec.name}: globals of ${contents.length} bytes do not fit ${spec.maxEntries} pages`);
  }
  const memory = mapMemory(
    fd,
    { length, writable: true, ...(spec.mapExtra === 0n ? {} : { address: Number(spec.mapExtra) }) },
    `map ${spec.name}`,
  );
  try {
    new Uint8Array(memory.buffer).set(contents, arenaDataOffset(spec));
  } finally {
    memory.close();
  }
}

/** A jump table of a program: a frozen BPF_MAP_TYPE_INSN_ARRAY (Linux 6.19) of places in its instructions. */
export function createJumpTable(program: string, targets: readonly number[]): number {
  const attr: MapCreateAttr = {
    map_type: BpfMapType.BPF_MAP_TYPE_INSN_ARRAY,
    key_size: 4,
    value_size: 16,
    max_entries: targets.length,
    map_name: "jt",
  };
  let fd: number;
  try {
    fd = mapCreate(attr);
  } catch (error) {
    throw mapTooNew(attr, error, `program ${program}`) ?? error;
  }
  try {
    const key = new Uint8Array(4);
    const value = new Uint8Array(16);
    for (const [index, slot] of targets.entries()) {
      new DataView(key.buffer).setUint32(0, index, true);
      new DataView(value.buffer).setUint32(0, slot, true);
      mapUpdateElem(fd, key, value);
    }
    mapFreeze(fd);
    return fd;
  } catch (error) {
    closeFd(fd);
    throw new UsageError(`program ${program}: its jump table cannot be made`, { cause: error });
  }
}
