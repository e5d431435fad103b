import { SyscallError, UsageError } from "../errors/index.ts";
import { loadObjectBtf, mapTooNew } from "../kernel/index.ts";
import { type MapCreateAttr, mapCreate, OwnedFd, possibleCpus } from "../sys/index.ts";
import { BpfMapFlag, BpfMapType, mapTypeByName, mapTypeName } from "../uapi/index.ts";
import { BpfMap } from "./bpf-map.ts";
import { type CType, type KeyAndValue, keyAndValue } from "./c-type.ts";
import { mapTraits } from "./map-type-traits.ts";

/** A map to create. What is not given is 0, or what the type of map asks for. */
export interface MapOptions {
  /** `hash`, `array`, …, or BPF_MAP_TYPE_*. */
  readonly type: string | BpfMapType;
  /** The kernel keeps 15 characters. */
  readonly name?: string | undefined;
  /** The type of keys: they are then decoded, here and by others, such as `bpfts map dump`. */
  readonly key?: CType | undefined;
  readonly value?: CType | undefined;
  /** Bytes, where no type is given. */
  readonly keySize?: number | undefined;
  readonly valueSize?: number | undefined;
  /** Of rings their size in bytes, of arenas in pages. */
  readonly maxEntries?: number | undefined;
  /** BPF_F_*. */
  readonly flags?: number | undefined;
  /** BPF_F_MMAPABLE: an array whose memory is to be seen without system calls (5.5). */
  readonly mmapable?: boolean | undefined;
  /** What the maps in a map of maps are like; it stays the caller's. */
  readonly inner?: { readonly fd: number } | undefined;
  readonly numaNode?: number | undefined;
  /** Of a bloom filter the number of its hashes, of an arena its address (5.16). */
  readonly extra?: bigint | undefined;
  /** The device to offload to. */
  readonly ifindex?: number | undefined;
}

const t = BpfMapType;
/** Kept beside objects of the kernel: made with BPF_F_NO_PREALLOC, without max_entries, with BTF of an int key. */
const STORAGE: ReadonlySet<number> = new Set([
  t.BPF_MAP_TYPE_SK_STORAGE,
  t.BPF_MAP_TYPE_INODE_STORAGE,
  t.BPF_MAP_TYPE_TASK_STORAGE,
  t.BPF_MAP_TYPE_CGRP_STORAGE,
]);
/** Types that the kernel refuses BTF for; keys and values are then decoded here alone. */
const WITHOUT_BTF: ReadonlySet<number> = new Set([
  t.BPF_MAP_TYPE_PROG_ARRAY,
  t.BPF_MAP_TYPE_PERF_EVENT_ARRAY,
  t.BPF_MAP_TYPE_STACK_TRACE,
  t.BPF_MAP_TYPE_CGROUP_ARRAY,
  t.BPF_MAP_TYPE_ARRAY_OF_MAPS,
  t.BPF_MAP_TYPE_HASH_OF_MAPS,
  t.BPF_MAP_TYPE_DEVMAP,
  t.BPF_MAP_TYPE_DEVMAP_HASH,
  t.BPF_MAP_TYPE_CPUMAP,
  t.BPF_MAP_TYPE_XSKMAP,
  t.BPF_MAP_TYPE_SOCKMAP,
  t.BPF_MAP_TYPE_SOCKHASH,
  t.BPF_MAP_TYPE_REUSEPORT_SOCKARRAY,
  t.BPF_MAP_TYPE_QUEUE,
  t.BPF_MAP_TYPE_STACK,
  t.BPF_MAP_TYPE_BLOOM_FILTER,
  t.BPF_MAP_TYPE_RINGBUF,
  t.BPF_MAP_TYPE_USER_RINGBUF,
  t.BPF_MAP_TYPE_ARENA,
]);

/**
 * Creates a map. Throws UsageError for options that contradict each other, NotSupportedError where the kernel is too old
 * for the type of map, SyscallError otherwise. Needs CAP_BPF.
 *
 * `createMap({ type: "hash", key: "u32", value: { packets: "u64", name: "char[16]" }, maxEntries: 1024 })`
 */
// biome-ignore lint/suspicious/noExplicitAny: what the types decode to is known to the caller alone
export function createMap<K = any, V = any>(options: MapOptions): BpfMap<K, V> {
  const type = typeof options.type === "number" ? options.type : mapTypeByName(options.type);
  if (type === undefined)
    throw new UsageError(`${JSON.stringify(options.type)} is no type of map, such as hash or array`);
  const types = typesOf(type, options);
  const attr = attrOf(type, options, types);
  const fd = new OwnedFd(create(attr, types), `map ${options.name ?? mapTypeName(type)}`);
  try {
    return new BpfMap<K, V>(fd, { types, ...(options.name === undefined ? {} : { name: options.name }) });
  } catch (error) {
    fd.close();
    throw error;
  }
}

function typesOf(type: number, { key, value }: MapOptions): KeyAndValue | undefined {
  // The kernel wants to know that a storage's keys are ints: fds.
  if (STORAGE.has(type)) return keyAndValue(key ?? "s32", value);
  if (key === undefined && value === undefined) return undefined;
  // And that those of arrays are 32 bits wide (array_map_check_btf, kernel/bpf/arraymap.c).
  return keyAndValue(key ?? (mapTraits(type).key === "index" ? "u32" : undefined), value);
}

function attrOf(type: number, options: MapOptions, types: KeyAndValue | undefined): MapCreateAttr {
  const { key } = mapTraits(type);
  const isArena = type === t.BPF_MAP_TYPE_ARENA;
  const flags =
    (options.flags ?? 0) |
    (options.mmapable === true || isArena ? BpfMapFlag.BPF_F_MMAPABLE : 0) |
    (STORAGE.has(type) || type === t.BPF_MAP_TYPE_LPM_TRIE ? BpfMapFlag.BPF_F_NO_PREALLOC : 0) |
    (options.numaNode === undefined ? 0 : BpfMapFlag.BPF_F_NUMA_NODE);
  const byDefault = key === "index" || STORAGE.has(type) ? 4 : 0;
  return {
    map_type: type,
    map_name: options.name,
    key_size: sizeOf("key", options.keySize, types, types?.keyTypeId) ?? byDefault,
    value_size: sizeOf("value", options.valueSize, types, types?.valueTypeId) ?? valueSizeOf(type),
    max_entries: options.maxEntries ?? (type === t.BPF_MAP_TYPE_PERF_EVENT_ARRAY ? possibleCpus() : 0),
    map_flags: flags,
    inner_map_fd: options.inner?.fd,
    numa_node: options.numaNode,
    map_extra: options.extra,
    map_ifindex: options.ifindex,
  };
}

/** Values of 4 bytes where the kernel knows them: fds, indexes. */
function valueSizeOf(type: number): number {
  const { value } = mapTraits(type);
  return value === "object" || value === "fd" || value === "device" || value === "cpu" ? 4 : value === "socket" ? 8 : 0;
}

function sizeOf(
  part: string,
  given: number | undefined,
  types: KeyAndValue | undefined,
  typeId = 0,
): number | undefined {
  if (types === undefined || typeId === 0) return given;
  const size = types.btf.sizeOf(typeId);
  if (given !== undefined && given !== size) {
    throw new UsageError(`${part}Size is ${given}, but the type has ${size} bytes: leave it out`);
  }
  return size;
}

function create(attr: MapCreateAttr, types: KeyAndValue | undefined): number {
  const user = `map ${attr.map_name ?? mapTypeName(attr.map_type)}`;
  // Without a value's type the kernel takes no BTF, and a key of no bytes has no type.
  const wanted = types !== undefined && types.valueTypeId !== 0 && !WITHOUT_BTF.has(attr.map_type);
  // Kernels before 5.13 know no floating point, for instance: they then see structs of its size.
  using btf = wanted ? loadObjectBtf(types.btf, STORAGE.has(attr.map_type)) : undefined;
  try {
    if (btf === undefined || types === undefined) return mapCreate(attr);
    return mapCreate({
      ...attr,
      btf_fd: btf.number,
      btf_key_type_id: types.keyTypeId,
      btf_value_type_id: types.valueTypeId,
    });
  } catch (error) {
    throw mapTooNew(attr, error, user) ?? about(user, attr, error);
  }
}

function about(user: string, attr: MapCreateAttr, error: unknown): unknown {
  if (!(error instanceof SyscallError)) return error;
  const sizes = `key_size ${attr.key_size}, value_size ${attr.value_size}, max_entries ${attr.max_entries}, flags 0x${(attr.map_flags ?? 0).toString(16)}`;
  const hint =
    error.hint ?? `the kernel takes no map of type ${mapTypeName(attr.map_type) ?? attr.map_type} with ${sizes}`;
  return new SyscallError({ call: error.call, errno: error.errno, subject: user, hint }, { cause: error });
}
