import { Errno, SyscallError, UsageError } from "../errors/index.ts";
import { type ObjectSource, openSource, walkObjects } from "../kernel/index.ts";
import {
  mapDeleteElem,
  mapGetFdById,
  mapGetNextId,
  mapInfo,
  mapLookupAndDeleteElem,
  mapLookupElem,
  mapLookupPlaced,
  mapLookupWithoutKey,
  mapUpdateElem,
  mapUpdatePlaced,
  type OwnedFd,
} from "../sys/index.ts";
import { removeMany, writeMany } from "./batch-write.ts";
import { type LookupOptions, lookupFlags, type UpdateMode, type UpdateOptions, updateFlags } from "./element-flags.ts";
import { type Chunk, checkKeyList, chunksOf, isWithoutBatch } from "./element-walk.ts";
import { type MapCodecs, type MapTypes, makeCodecs } from "./map-codecs.ts";
import type { MapOperation } from "./map-errors.ts";
import { type MapMemory, openMemory } from "./map-memory.ts";
import { typesOfMap } from "./map-types.ts";
import { RawMap } from "./raw-map.ts";

const NO_KEY = new Uint8Array(0);

/**
 * A map in the kernel, used like a JavaScript Map. Keys and values are decoded by the BTF that the map was created
 * with; without it they are Uint8Arrays, but that u32s may be given as numbers. What the kernel itself defines needs no
 * BTF: indexes of arrays are numbers, prefixes of tries text such as `10.0.0.0/8`; maps and programs go in as objects or
 * fds and come out as ids; sockets go in as fds and come out as cookies; stacks are arrays of addresses; the keys of
 * storage are fds, `{ pid }` or `{ path }`. A per-CPU value is an array with one value for each possible CPU.
 * `K` and `V` are the caller's word for what the types decode to.
 */
// biome-ignore lint/suspicious/noExplicitAny: what BTF decodes to is known to the caller alone
export class BpfMap<K = any, V = any> extends RawMap {
  readonly #typesOf: () => MapTypes | undefined;
  #codecs: MapCodecs | undefined;
  #memory: MapMemory<V> | undefined;

  constructor(fd: OwnedFd, options: { name?: string; types?: MapTypes | undefined; pinnedPath?: string } = {}) {
    const info = mapInfo(fd.number);
    super(fd, info, options);
    this.#typesOf = () => options.types ?? typesOfMap(info);
  }

  /** The types of keys and values; undefined for a map without BTF. */
  types(): MapTypes | undefined {
    return this.#typesOf();
  }

  /** The value of a key, undefined if there is none. Throws UsageError for a key of the wrong type or range. */
  get(key: K, options?: LookupOptions): V | undefined {
    const io = this.#codecs ?? this.#open();
    const { places } = io;
    if (places !== undefined && typeof key !== "object" && options === undefined) {
      try {
        io.key.write(places.key, 0, key);
        return mapLookupPlaced(this.fd) ? (io.value.read(places.value, 0) as V) : undefined;
      } catch (error) {
        throw this.explain(error, "read");
      }
    }
    try {
      io.key.write(io.keyRoom, 0, key);
      const flags = options === undefined ? 0n : lookupFlags(options);
      if (!mapLookupElem(this.fd, io.keyRoom.bytes, io.valueRoom.bytes, flags)) return undefined;
    } catch (error) {
      throw this.explain(error, "read");
    } finally {
      if (io.key.release !== undefined) io.key.release();
    }
    return (options?.cpu === undefined ? io.value : io.one).read(io.valueRoom, 0) as V;
  }

  /**
   * Writes an element. `options` may be the mode alone. Throws UsageError for a key or value of the wrong type or range,
   * SyscallError with E2BIG if the map is full, EEXIST or ENOENT by the mode, EPERM if it is frozen.
   */
  set(key: K, value: V, options: UpdateMode | UpdateOptions = "any"): this {
    const io = this.#codecs ?? this.#open();
    const { places } = io;
    if (places !== undefined && typeof key !== "object" && typeof value !== "object" && typeof options === "string") {
      try {
        io.key.write(places.key, 0, key);
        io.value.write(places.value, 0, value);
        mapUpdatePlaced(this.fd, updateFlags(options));
        return this;
      } catch (error) {
        throw this.explain(error, "write");
      }
    }
    try {
      io.key.write(io.keyRoom, 0, key);
      const one = typeof options === "object" && options.cpu !== undefined;
      (one ? io.one : io.value).write(io.valueRoom, 0, value);
      mapUpdateElem(this.fd, io.keyRoom.bytes, io.valueRoom.bytes, updateFlags(options));
    } catch (error) {
      throw this.explain(error, "write");
    } finally {
      if (io.key.release !== undefined) io.key.release();
    }
    return this;
  }

  /** Whether there is an element with this key. */
  has(key: K): boolean {
    const io = this.#codecs ?? this.#open();
    return this.#withKey(key, "read", (bytes) => mapLookupElem(this.fd, bytes, io.valueRoom.bytes));
  }

  /** Deletes an element; false if there was none. Elements of an array cannot be deleted. */
  delete(key: K): boolean {
    return this.#withKey(key, "delete", (bytes) => mapDeleteElem(this.fd, bytes));
  }

  /** Looks an element up and deletes it in one step (hashes 5.14); undefined if there was none. */
  take(key: K): V | undefined {
    const io = this.#codecs ?? this.#open();
    const found = this.#withKey(key, "take", (bytes) => mapLookupAndDeleteElem(this.fd, bytes, io.valueRoom.bytes));
    return found ? (io.value.read(io.valueRoom, 0) as V) : undefined;
  }

  /** Writes many elements, in batches where the kernel has them (5.6). Where one fails, some before it are written. */
  setMany(elements: Iterable<readonly [K, V]>, options: UpdateMode | UpdateOptions = "any"): this {
    const io = this.#codecs ?? this.#open();
    this.explained("write", () => writeMany(this, io, elements, updateFlags(options)));
    return this;
  }

  /** Deletes many elements, in batches where the kernel has them (5.6); returns how many there were. */
  deleteMany(keys: Iterable<K>): number {
    const io = this.#codecs ?? this.#open();
    return this.explained("delete", () => removeMany(this, io, keys));
  }

  /** Deletes all elements; those that others add meanwhile may stay. */
  clear(): void {
    this.deleteMany(this.keys());
  }

  /** How many elements there are: a walk over all of them. */
  count(): number {
    let count = 0;
    for (const _ of this.keys()) count++;
    return count;
  }

  /** All keys; see {@link entries} for what changes meanwhile do. */
  *keys(): Generator<K, void, undefined> {
    const { key } = this.#codecs ?? this.#open();
    for (const { count, keys, errnos } of this.#chunks()) {
      for (let i = 0; i < count; i++) {
        if (errnos?.[i] !== Errno.ENOENT) yield key.read(keys, i * this.keySize) as K;
      }
    }
  }

  /** All values; see {@link entries}. */
  *values(): Generator<V, void, undefined> {
    for (const [, value] of this.entries()) yield value;
  }

  /**
   * All elements, read ahead in batches where the kernel has them. Elements that are deleted meanwhile are left out or
   * seen as they were, those that are added may be seen or not. What was yielded may be deleted. Empty places of arrays
   * of maps and programs are left out. Throws UsageError for a map whose elements the kernel does not list, BpfError
   * ABORTED if changes to the map keep the walk from its end.
   */
  *entries(): Generator<[K, V], void, undefined> {
    const { key, value } = this.#codecs ?? this.#open();
    for (const { count, keys, values, errnos } of this.#chunks()) {
      for (let i = 0; i < count; i++) {
        if (errnos !== undefined && !this.#isRead(errnos[i] as number)) continue;
        yield [key.read(keys, i * this.keySize) as K, value.read(values, i * this.valueBytes) as V];
      }
    }
  }

  [Symbol.iterator](): Generator<[K, V], void, undefined> {
    return this.entries();
  }

  /** Calls `callback` with each element, as a JavaScript Map does. */
  forEach(callback: (value: V, key: K, map: this) => void): void {
    for (const [key, value] of this.entries()) callback(value, key, this);
  }

  /**
   * All elements, each deleted as it is read: by batch in one step (hashes 5.6), otherwise looked up, then deleted.
   * What is not taken from the generator stays in the map, but for the batch that was just read.
   */
  *drain(): Generator<[K, V], void, undefined> {
    const { key, value } = this.#codecs ?? this.#open();
    try {
      for (const { count, keys, values } of chunksOf(this, { take: true })) {
        for (let i = 0; i < count; i++) {
          yield [key.read(keys, i * this.keySize) as K, value.read(values, i * this.valueBytes) as V];
        }
      }
    } catch (error) {
      if (!isWithoutBatch(error)) throw this.explain(error, "take");
      for (const [k, v] of this.entries()) if (this.delete(k)) yield [k, v];
    }
  }

  /** Puts a value into a queue, a stack or a bloom filter (4.20; filters 5.16). `replace` drops the oldest if it is full. */
  push(value: V, options: { replace?: boolean } = {}): void {
    const io = this.#keyless("push");
    io.value.write(io.valueRoom, 0, value);
    this.update(NO_KEY, io.valueRoom.bytes, updateFlags(options.replace === true ? "replace" : "any"));
  }

  /** Takes the next value out of a queue or a stack; undefined if it is empty. */
  pop(): V | undefined {
    const io = this.#keyless("pop");
    const found = this.explained("take", () => mapLookupAndDeleteElem(this.fd, NO_KEY, io.valueRoom.bytes));
    return found ? (io.value.read(io.valueRoom, 0) as V) : undefined;
  }

  /** The next value of a queue or a stack, which stays; undefined if it is empty. */
  peek(): V | undefined {
    const io = this.#keyless("peek");
    const found = this.explained("read", () => mapLookupWithoutKey(this.fd, io.valueRoom.bytes));
    return found ? (io.value.read(io.valueRoom, 0) as V) : undefined;
  }

  /** Whether a bloom filter may hold a value: false is certain (5.16). */
  mayHave(value: V): boolean {
    const io = this.#keyless("mayHave");
    io.value.write(io.valueRoom, 0, value);
    return this.explained("read", () => mapLookupWithoutKey(this.fd, io.valueRoom.bytes));
  }

  /**
   * The map's memory, shared with the programs: of an array with BPF_F_MMAPABLE (5.5) or an arena (6.9). Mapped at the
   * first call, until the map is closed. A map whose memory is mapped for writing cannot be frozen.
   */
  memory(): MapMemory<V> {
    if (this.#memory === undefined || this.#memory.closed) {
      this.#memory = this.explained("map", () => openMemory<V>(this));
    }
    return this.#memory;
  }

  override close(): void {
    this.#memory?.close();
    super.close();
  }

  #open(): MapCodecs {
    this.#codecs = makeCodecs(this, this.#typesOf());
    return this.#codecs;
  }

  #keyless(method: string): MapCodecs {
    if (this.traits.key !== "none" || this.traits.value === "none") {
      throw new UsageError(
        `${this.what} is of type ${this.typeName}: ${method} is for queues, stacks and bloom filters`,
      );
    }
    return this.#codecs ?? this.#open();
  }

  *#chunks(): Generator<Chunk, void, undefined> {
    checkKeyList(this);
    try {
      yield* chunksOf(this);
    } catch (error) {
      throw this.explain(error, "list");
    }
  }

  /** Whether a value was read; false where there is none. Throws what kept it from being read. */
  #isRead(errno: number): boolean {
    if (errno === 0) return true;
    if (errno === Errno.ENOENT) return false;
    throw this.explain(new SyscallError({ call: "bpf(BPF_MAP_LOOKUP_ELEM)", errno }), "read");
  }

  #withKey(key: K, operation: MapOperation, call: (key: Uint8Array) => boolean): boolean {
    const io = this.#codecs ?? this.#open();
    try {
      io.key.write(io.keyRoom, 0, key);
      return call(io.keyRoom.bytes);
    } catch (error) {
      throw this.explain(error, operation);
    } finally {
      io.key.release?.();
    }
  }
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
  return walkObjects({ kind: "map", nextId: mapGetNextId, open: mapGetFdById, make: (fd) => new BpfMap(fd, {}) });
}
