import type { Btf, TypeId } from "../../btf/index.ts";
import { BpfError, Errno, SyscallError, UsageError } from "../../errors/index.ts";
import {
  type MapInfo,
  mapDeleteElem,
  mapFreeze,
  mapGetFdById,
  mapGetNextId,
  mapGetNextKey,
  mapInfo,
  mapLookupElem,
  mapUpdateElem,
  type OwnedFd,
  possibleCpus,
} from "../../sys/index.ts";
import { BpfMapType, mapTypeName } from "../../uapi/index.ts";
import { KernelObject, type ObjectSource, openSource, walkObjects } from "../kernel-object.ts";
import { loadedBtf } from "../loaded-btf.ts";
import { type Codec, perCpuCodec, rawCodec, typedCodec, u32Codec } from "./codec.ts";

/** Where a map's keys and values find their types. */
export interface MapTypes {
  readonly btf: Btf;
  readonly keyTypeId: TypeId;
  readonly valueTypeId: TypeId;
}

/** Which elements `set` writes: `any`, only new ones (`create`), only existing ones (`replace`). */
export type UpdateMode = "any" | "create" | "replace";
const UPDATE_FLAGS: Readonly<Record<UpdateMode, bigint>> = { any: 0n, create: 1n, replace: 2n };

const PER_CPU: ReadonlySet<number> = new Set([
  BpfMapType.BPF_MAP_TYPE_PERCPU_HASH,
  BpfMapType.BPF_MAP_TYPE_PERCPU_ARRAY,
  BpfMapType.BPF_MAP_TYPE_LRU_PERCPU_HASH,
  BpfMapType.BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE,
]);
/** Their values are fds on the way in and ids on the way out. */
const OF_OBJECTS: ReadonlySet<number> = new Set([
  BpfMapType.BPF_MAP_TYPE_PROG_ARRAY,
  BpfMapType.BPF_MAP_TYPE_ARRAY_OF_MAPS,
  BpfMapType.BPF_MAP_TYPE_HASH_OF_MAPS,
]);

/**
 * A map in the kernel, used like a JavaScript Map. Keys and values are decoded by the BTF that the map was created
 * with; without it they are Uint8Arrays, but for the u32 keys of arrays, which may be numbers.
 * A per-CPU value is an array with one value for each possible CPU. `K` and `V` are the caller's word for them.
 */
// biome-ignore lint/suspicious/noExplicitAny: what BTF decodes to is known to the caller alone
export class BpfMap<K = any, V = any> extends KernelObject {
  readonly id: number;
  /** BPF_MAP_TYPE_*. */
  readonly type: BpfMapType;
  /** The name in the object file, else the kernel's, which is cut to 15 characters. */
  readonly name: string;
  /** Bytes of a key; 0 for queues, stacks, rings and bloom filters. */
  readonly keySize: number;
  /** Bytes of a value, on one CPU for per-CPU maps. */
  readonly valueSize: number;
  readonly maxEntries: number;
  readonly #btfOf: () => MapTypes | undefined;
  #codecs: { readonly key: Codec; readonly value: Codec } | undefined;

  constructor(fd: OwnedFd, options: { name?: string; types?: MapTypes | undefined; pinnedPath?: string } = {}) {
    const info = mapInfo(fd.number);
    super(fd, `map ${options.name ?? (info.name || info.id)}`, options.pinnedPath);
    this.id = info.id;
    this.type = info.type;
    this.name = options.name ?? info.name;
    this.keySize = info.key_size;
    this.valueSize = info.value_size;
    this.maxEntries = info.max_entries;
    this.#btfOf = () => options.types ?? typesOf(info);
  }

  /** `hash`, `array`, …; the number for a type newer than this library. */
  get typeName(): string {
    return mapTypeName(this.type) ?? String(this.type);
  }

  /** What the kernel says about the map (4.13). */
  info(): MapInfo {
    return mapInfo(this.fd);
  }

  /** The value of a key, undefined if there is none. Throws UsageError for a key of the wrong type or range. */
  get(key: K): V | undefined {
    const bytes = this.lookup(this.#codec().key.encode(key));
    return bytes === undefined ? undefined : (this.#codec().value.decode(bytes) as V);
  }

  /** Writes an element. Throws SyscallError with E2BIG if the map is full, EEXIST or ENOENT by `mode`, EPERM if frozen. */
  set(key: K, value: V, mode: UpdateMode = "any"): this {
    const { key: keys, value: values } = this.#codec();
    this.update(keys.encode(key), values.encode(value), UPDATE_FLAGS[mode]);
    return this;
  }

  /** Whether there is an element with this key. */
  has(key: K): boolean {
    return this.lookup(this.#codec().key.encode(key)) !== undefined;
  }

  /** Deletes an element; false if there was none. */
  delete(key: K): boolean {
    return this.remove(this.#codec().key.encode(key));
  }

  /** All keys; see {@link entries} for what changes meanwhile do. */
  *keys(): Generator<K, void, undefined> {
    for (const key of this.rawKeys()) yield this.#codec().key.decode(key) as K;
  }

  /** All values; see {@link entries}. */
  *values(): Generator<V, void, undefined> {
    for (const [, value] of this.entries()) yield value;
  }

  /**
   * All elements. Those that others delete meanwhile are left out, those that they add may be seen or not. The element
   * just yielded may be deleted. Throws BpfError if changes to the map keep the walk from its end.
   */
  *entries(): Generator<[K, V], void, undefined> {
    const { key: keys, value: values } = this.#codec();
    for (const key of this.rawKeys()) {
      const value = this.lookup(key);
      if (value !== undefined) yield [keys.decode(key) as K, values.decode(value) as V];
    }
  }

  [Symbol.iterator](): Generator<[K, V], void, undefined> {
    return this.entries();
  }

  /** The value's bytes for a key's bytes, undefined if there is none. */
  lookup(key: Uint8Array): Uint8Array | undefined {
    this.#checkSize(key, this.keySize, "key");
    const value = new Uint8Array(this.#codec().value.size);
    return mapLookupElem(this.fd, key, value) ? value : undefined;
  }

  /** Writes bytes; `flags` are the kernel's (BPF_ANY, BPF_NOEXIST, BPF_EXIST, …). */
  update(key: Uint8Array, value: Uint8Array, flags = 0n): void {
    this.#checkSize(key, this.keySize, "key");
    this.#checkSize(value, this.#codec().value.size, "value");
    try {
      mapUpdateElem(this.fd, key, value, flags);
    } catch (error) {
      throw this.#explain(error);
    }
  }

  /** Deletes by a key's bytes; false if there was none. */
  remove(key: Uint8Array): boolean {
    this.#checkSize(key, this.keySize, "key");
    return mapDeleteElem(this.fd, key);
  }

  /** The bytes of all keys. The next key is asked for before one is yielded, so that the yielded one may be deleted. */
  *rawKeys(): Generator<Uint8Array, void, undefined> {
    if (this.keySize === 0) throw new UsageError(`${this.what} is a ${this.typeName}: it has no keys`);
    let key: Uint8Array | undefined = this.#next(undefined);
    // A hash starts over when the key that the walk stands on is deleted by somebody else.
    for (let steps = 0; key !== undefined; steps++) {
      if (steps > 2 * this.maxEntries + 1024) {
        throw new BpfError("ABORTED", `${this.what} changed so much that a walk over it came to no end`);
      }
      const next = this.#next(key);
      yield key;
      key = next;
    }
  }

  /** No process may write the map from now on; programs still may (5.2). */
  freeze(): void {
    mapFreeze(this.fd);
  }

  #next(key: Uint8Array | undefined): Uint8Array | undefined {
    const next = new Uint8Array(this.keySize);
    return mapGetNextKey(this.fd, key, next) ? next : undefined;
  }

  #codec(): { readonly key: Codec; readonly value: Codec } {
    this.#codecs ??= this.#makeCodecs();
    return this.#codecs;
  }

  #makeCodecs(): { readonly key: Codec; readonly value: Codec } {
    const types = this.#btfOf();
    const named = (part: string): string => `${this.what}: ${part}`;
    const side = (size: number, typeId: TypeId, part: string): Codec =>
      types !== undefined && typeId !== 0
        ? typedCodec(types.btf, typeId, size, named(part))
        : rawCodec(size, named(part));
    const isArray = this.typeName.endsWith("array") || this.type === BpfMapType.BPF_MAP_TYPE_ARRAY_OF_MAPS;
    const key =
      isArray && this.keySize === 4 ? u32Codec(named("key")) : side(this.keySize, types?.keyTypeId ?? 0, "key");
    const one = OF_OBJECTS.has(this.type)
      ? u32Codec(named("value"))
      : side(this.valueSize, types?.valueTypeId ?? 0, "value");
    return { key, value: PER_CPU.has(this.type) ? perCpuCodec(one, possibleCpus(), named("value")) : one };
  }

  #checkSize(bytes: Uint8Array, size: number, part: string): void {
    if (bytes.length !== size) {
      throw new UsageError(`${this.what}: a ${part} has ${size} bytes, ${bytes.length} were given`);
    }
  }

  #explain(error: unknown): unknown {
    if (!(error instanceof SyscallError)) return error;
    const hint = {
      [Errno.E2BIG]: `the map is full: it takes ${this.maxEntries} elements`,
      [Errno.EPERM]: "the map is frozen, read-only, or was opened read-only",
    }[error.errno];
    if (hint === undefined) return error;
    return new SyscallError({ call: error.call, errno: error.errno, subject: this.what, hint }, { cause: error });
  }
}

function typesOf(info: MapInfo): MapTypes | undefined {
  if (info.btf_id === 0) return undefined;
  const btf = loadedBtf(info.btf_id);
  if (btf === undefined) return undefined;
  return { btf, keyTypeId: info.btf_key_type_id, valueTypeId: info.btf_value_type_id };
}

/** Opens a map by id, pin or fd. Throws UsageError if there is none, or if it is something else. */
// biome-ignore lint/suspicious/noExplicitAny: what BTF decodes to is known to the caller alone
export function openMap<K = any, V = any>(source: ObjectSource): BpfMap<K, V> {
  return new BpfMap(openSource(source, "map", mapGetFdById), "pinned" in source ? { pinnedPath: source.pinned } : {});
}

/**
 * All maps of the kernel in the order of their ids, tolerant of maps that vanish meanwhile.
 * Each is closed after its step unless `takeObject` kept it. Needs CAP_SYS_ADMIN.
 */
export function maps(): Generator<BpfMap, void, undefined> {
  return walkObjects(mapGetNextId, (id) => openMap({ id }));
}
