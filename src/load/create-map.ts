import { UsageError } from "../errors/index.ts";
import { hasFullRangeOffsets, kernelHas } from "../kernel/index.ts";
import { type BpfMap, createKernelMap } from "../map/index.ts";
import { isPerCpuSection, isUntouched, type MachineSizes, type MapSpec, mapFields } from "../object/index.ts";
import {
  type MapCreateAttr,
  mapFreeze,
  mapMemory,
  mapUpdateElem,
  type OwnedFd,
  pageSize,
  possibleCpus,
} from "../sys/index.ts";
import { BpfElemFlag, BpfMapFlag, BpfMapType } from "../uapi/index.ts";

/** The fields of a struct_ops map that depend on the running kernel. */
export interface KernelStructOps {
  readonly valueTypeId: number;
  readonly valueSize: number;
  /** The fd of the BTF of the module that defines the struct; 0 if the kernel itself defines it. */
  readonly btfFd: number;
}

const BPF_F_VTYPE_BTF_OBJ_FD = 0x8000;

/** The sizes of this machine. */
export const THIS_MACHINE: MachineSizes = { pageSize, possibleCpus };

/** Returns the maps that the load creates. As in libbpf, `.percpu` is left out on kernels that do not support it. */
export function mapsToCreate(specs: Readonly<Record<string, MapSpec>>): MapSpec[] {
  return Object.values(specs).filter(
    (spec) => spec.autocreate && (!isPerCpuSection(spec) || kernelHas("map:percpu_data")),
  );
}

/** What {@link createMap} needs besides the spec of the map. */
export interface MapParts {
  /** The fd of the object's BTF in the kernel. */
  readonly btf: OwnedFd | undefined;
  readonly structOps?: KernelStructOps | undefined;
  /** The network device to offload the map to, instead of the device in the spec. */
  readonly ifindex?: number | undefined;
}

/** Creates an empty map from its spec. */
export function createMap(spec: MapSpec, parts: MapParts): OwnedFd {
  const inner = spec.innerMap === undefined ? undefined : createMap(spec.innerMap, { btf: parts.btf });
  try {
    return createWith(spec, parts, inner?.number);
  } finally {
    inner?.close();
  }
}

/** Returns the attr of BPF_MAP_CREATE for a map, without its BTF types and without fds. */
function mapAttr(spec: MapSpec, { structOps, ifindex }: MapParts): MapCreateAttr {
  const fields = mapFields(spec, THIS_MACHINE, ifindex);
  if (structOps === undefined) return fields;
  const ofModule = structOps.btfFd !== 0;
  return {
    ...fields,
    value_size: structOps.valueSize,
    map_flags: ofModule ? spec.flags | BPF_F_VTYPE_BTF_OBJ_FD : spec.flags,
    btf_vmlinux_value_type_id: structOps.valueTypeId,
    value_type_btf_obj_fd: ofModule ? structOps.btfFd : undefined,
  };
}

function createWith(spec: MapSpec, parts: MapParts, inner: number | undefined): OwnedFd {
  const attr = { ...mapAttr(spec, parts), inner_map_fd: inner };
  const { btf } = parts;
  // The type of a struct_ops map's value is in the kernel's BTF, and mapAttr() has set it.
  const valueTypeId = spec.type === BpfMapType.BPF_MAP_TYPE_STRUCT_OPS ? 0 : spec.valueTypeId;
  const types = btf === undefined ? undefined : { btf, keyTypeId: spec.keyTypeId, valueTypeId };
  return createKernelMap(attr, `map ${spec.name}`, types);
}

/**
 * Returns the bytes to write into the new map of a section. Returns undefined if the section contains only zeros, or if
 * the map is not that of a section.
 */
export function sectionContents(spec: MapSpec, kconfig: Uint8Array | undefined): Uint8Array | undefined {
  if (spec.source === "kconfig") return kconfig;
  return spec.source === "data" && !isUntouched(spec) ? spec.contents : undefined;
}

/** Returns the flags for BPF_MAP_UPDATE_ELEM, with which the load writes a section's bytes into its map. */
function fillFlags(spec: MapSpec): bigint {
  return isPerCpuSection(spec) ? BpfElemFlag.BPF_F_ALL_CPUS : 0n;
}

/** Writes a section's bytes into its map, and freezes the map if the section is read-only. */
export function fillDataMap(spec: MapSpec, fd: number, contents: Uint8Array | undefined): void {
  if (contents !== undefined) mapUpdateElem(fd, new Uint8Array(4), contents, fillFlags(spec));
  if (spec.frozen) mapFreeze(fd);
}

/**
 * Returns the offset of an object's globals in its arena. The globals are at the end of the arena if the kernel accepts
 * such large offsets in instructions, otherwise at the start. libbpf 1.8 does the same.
 */
export function arenaDataOffset(spec: MapSpec): number {
  const { contents } = spec;
  if (contents === undefined || contents.length === 0 || !hasFullRangeOffsets()) return 0;
  const page = pageSize();
  return spec.maxEntries * page - Math.ceil(contents.length / page) * page;
}

/**
 * Writes the object's globals into its arena. An arena without a fixed address is mapped into this process even if the
 * object has no globals: this gives the arena an address, and without an address the kernel loads no program that uses
 * the arena. The map keeps this mapping, because the kernel accepts no other address afterwards.
 */
export function fillArena(spec: MapSpec, map: BpfMap): void {
  const { contents = new Uint8Array(), mapExtra, maxEntries, flags } = spec;
  const length = maxEntries * pageSize();
  if (contents.length > length) {
    throw new UsageError(
      `map ${spec.name}: its global variables have ${contents.length} bytes, which do not fit into its ${maxEntries} pages`,
    );
  }
  // With this flag, this process gets SIGSEGV when it writes to a page that no program has allocated.
  const faults = (flags & BpfMapFlag.BPF_F_SEGV_ON_FAULT) !== 0;
  if (faults && contents.length > 0) {
    throw new UsageError(`map ${spec.name}: an arena with BPF_F_SEGV_ON_FAULT cannot hold global variables`);
  }
  if (mapExtra === 0n && !faults) {
    new Uint8Array(map.memory().buffer).set(contents, arenaDataOffset(spec));
  } else if (mapExtra === 0n || contents.length > 0) {
    using memory = mapMemory(map.fd, { length, writable: true, address: Number(mapExtra), isArena: true }, map.what);
    if (contents.length > 0) new Uint8Array(memory.buffer).set(contents, arenaDataOffset(spec));
  }
}

/** Creates the map of a jump table: a frozen BPF_MAP_TYPE_INSN_ARRAY (Linux 6.19), which holds slots of the program. */
export function createJumpTable(program: string, targets: readonly number[]): number {
  const attr: MapCreateAttr = {
    map_type: BpfMapType.BPF_MAP_TYPE_INSN_ARRAY,
    key_size: 4,
    value_size: 16,
    max_entries: targets.length,
    map_name: "jt",
  };
  const map = createKernelMap(attr, `program ${program}`);
  try {
    const key = new Uint8Array(4);
    const value = new Uint8Array(16);
    for (const [index, slot] of targets.entries()) {
      new DataView(key.buffer).setUint32(0, index, true);
      new DataView(value.buffer).setUint32(0, slot, true);
      mapUpdateElem(map.number, key, value);
    }
    mapFreeze(map.number);
    return map.release();
  } catch (error) {
    map.close();
    throw new UsageError(`program ${program}: its jump table cannot be created`, { cause: error });
  }
}
