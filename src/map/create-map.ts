import { UsageError } from "../errors/index.ts";
import { checkOptions, loadObjectBtf, type OptionTable, required, tokenPath, usingToken } from "../kernel/index.ts";
import { type MapCreateAttr, type OwnedFd, possibleCpus } from "../sys/index.ts";
import { BpfMapFlag, BpfMapType, mapTypeByName, mapTypeName } from "../uapi/index.ts";
import { BpfMap } from "./bpf-map.ts";
import { type CType, keyAndValueTypes } from "./c-type.ts";
import { createKernelMap } from "./kernel-map.ts";
import { isLocalStorage, type MapTraits, mapTraits } from "./map-type-traits.ts";
import type { MapTypes } from "./map-types.ts";

/**
 * The properties of a map to create. A property that is not given is 0, or the only value that the map's type allows.
 */
export interface MapOptions {
  /** The map's type: `hash`, `array`, …, or a BPF_MAP_TYPE_* number. */
  readonly type: string | BpfMapType;
  /** The map's name, of letters, digits, `_` and `.`. The kernel keeps the first 15 characters. */
  readonly name?: string | undefined;
  /**
   * The type of the keys. The kernel stores the type, so other processes can decode the keys too (`bpfts map dump`).
   */
  readonly key?: CType | undefined;
  readonly value?: CType | undefined;
  /** The size of a key in bytes, for a map without `key`. */
  readonly keySize?: number | undefined;
  readonly valueSize?: number | undefined;
  /** The largest number of elements. For a ring this is its size in bytes, for an arena its size in pages. */
  readonly maxEntries?: number | undefined;
  /** The flags (BPF_F_*) of the map. */
  readonly flags?: number | undefined;
  /** Sets BPF_F_MMAPABLE: `memory()` can then map the values of the array (5.5). */
  readonly mmapable?: boolean | undefined;
  /**
   * For a map of maps: a map with the type and sizes that all inner maps must have. The caller keeps it and closes it.
   */
  readonly inner?: { readonly fd: number } | undefined;
  readonly numaNode?: number | undefined;
  /** The number of hash functions of a bloom filter, or the address of an arena (5.16). */
  readonly extra?: bigint | undefined;
  /** The network device to offload the map to. */
  readonly ifindex?: number | undefined;
  /**
   * The path of a bpffs that gives out BPF tokens (6.9). Default: the path in the environment variable
   * LIBBPF_BPF_TOKEN_PATH. An empty path means that no token is used.
   */
  readonly token?: string | undefined;
}

const OPTIONS: OptionTable<MapOptions> = {
  type: required("any"),
  name: "text",
  key: "any",
  value: "any",
  keySize: "natural",
  valueSize: "natural",
  maxEntries: "natural",
  flags: "natural",
  mmapable: "boolean",
  inner: "object",
  numaNode: "natural",
  extra: "u64",
  ifindex: "natural",
  token: "text",
};

/**
 * Creates a map. Throws UsageError for options that contradict each other, NotSupportedError if the kernel is too old
 * for the map's type, SyscallError otherwise. Needs CAP_BPF.
 *
 * `createMap({ type: "hash", key: "u32", value: { packets: "u64", name: "char[16]" }, maxEntries: 1024 })`
 */
// biome-ignore lint/suspicious/noExplicitAny: only the caller knows what the types decode to
export function createMap<K = any, V = any>(options: MapOptions): BpfMap<K, V> {
  checkOptions("createMap", options, OPTIONS);
  const type = typeof options.type === "number" ? options.type : mapTypeByName(options.type);
  if (type === undefined) {
    throw new UsageError(
      `${JSON.stringify(options.type)} is not a map type; map types are, for example, hash and array`,
    );
  }
  const traits = mapTraits(type);
  const types = typesFor(traits, options);
  const attr = attrOf(type, traits, options, types);
  const fd = usingToken(tokenPath(options.token) ?? "", () => create(attr, traits, types));
  try {
    return new BpfMap<K, V>(fd, { types, ...(options.name === undefined ? {} : { name: options.name }) });
  } catch (error) {
    fd.close();
    throw error;
  }
}

function typesFor(traits: MapTraits, { key, value }: MapOptions): MapTypes | undefined {
  // The kernel requires BTF of an int for the keys of local storage, because the keys are fds.
  if (isLocalStorage(traits)) return keyAndValueTypes(key ?? "s32", value);
  if (key === undefined && value === undefined) return undefined;
  // The kernel requires BTF of a 32-bit int for the keys of arrays (array_map_check_btf, kernel/bpf/arraymap.c).
  return keyAndValueTypes(key ?? (traits.key === "index" ? "u32" : undefined), value);
}

function attrOf(type: number, traits: MapTraits, options: MapOptions, types: MapTypes | undefined): MapCreateAttr {
  const isArena = type === BpfMapType.BPF_MAP_TYPE_ARENA;
  const flags =
    (options.flags ?? 0) |
    (options.mmapable === true || isArena ? BpfMapFlag.BPF_F_MMAPABLE : 0) |
    // The kernel creates tries and local storage only with this flag.
    (isLocalStorage(traits) || traits.key === "prefix" ? BpfMapFlag.BPF_F_NO_PREALLOC : 0) |
    (options.numaNode === undefined ? 0 : BpfMapFlag.BPF_F_NUMA_NODE);
  const perfEntries = type === BpfMapType.BPF_MAP_TYPE_PERF_EVENT_ARRAY ? possibleCpus() : 0;
  return {
    map_type: type,
    map_name: options.name,
    key_size: sizeOf("key", options.keySize, types, types?.keyTypeId) ?? defaultKeySize(traits),
    value_size: sizeOf("value", options.valueSize, types, types?.valueTypeId) ?? defaultValueSize(traits),
    max_entries: options.maxEntries ?? perfEntries,
    map_flags: flags,
    inner_map_fd: options.inner?.fd,
    numa_node: options.numaNode,
    map_extra: options.extra,
    map_ifindex: options.ifindex,
  };
}

function defaultKeySize(traits: MapTraits): number {
  return traits.key === "index" || isLocalStorage(traits) ? 4 : 0;
}

function defaultValueSize({ value }: MapTraits): number {
  switch (value) {
    case "object":
    case "fd":
    case "device":
    case "cpu":
      return 4;
    case "socket":
      return 8;
    default:
      return 0;
  }
}

function sizeOf(part: string, given: number | undefined, types: MapTypes | undefined, typeId = 0): number | undefined {
  if (types === undefined || typeId === 0) return given;
  const size = types.btf.sizeOf(typeId);
  if (given !== undefined && given !== size) {
    throw new UsageError(
      `the option '${part}Size' is ${given}, but the type of the ${part} has ${size} bytes; leave out ${part}Size`,
    );
  }
  return size;
}

function create(attr: MapCreateAttr, traits: MapTraits, types: MapTypes | undefined): OwnedFd {
  const what = `map ${attr.map_name ?? mapTypeName(attr.map_type)}`;
  // The kernel accepts BTF for a map only if the value has a type.
  if (types === undefined || types.valueTypeId === 0 || !traits.takesBtf) return createKernelMap(attr, what);
  // An older kernel may reject BTF with a newer kind of type, such as floating point before 5.13. loadObjectBtf() then
  // replaces such types by structs of the same size.
  using btf = loadObjectBtf(types.btf, isLocalStorage(traits));
  const { keyTypeId, valueTypeId } = types;
  return createKernelMap(attr, what, btf === undefined ? undefined : { btf, keyTypeId, valueTypeId });
}
