import { Errno, SyscallError, UsageError } from "../errors/index.ts";
import { type RecordStream, type RecordsOptions, records } from "../events/index.ts";
import { checkOptions, type ObjectSource, type OptionTable, openSource, walkObjects } from "../kernel/index.ts";
import {
  type ElementBuffer,
  mapDeleteElem,
  mapGetFdById,
  mapInfo,
  mapLookupAndDeleteElem,
  mapLookupElem,
  mapLookupPlaced,
  mapLookupWithoutKey,
  mapUpdateElem,
  mapUpdatePlaced,
  type OwnedFd,
} from "../sys/index.ts";
import { hasNoBatches } from "./batch.ts";
import { removeMany, writeMany } from "./batch-write.ts";
import { type LookupOptions, lookupFlags, type UpdateMode, type UpdateOptions, updateFlags } from "./element-flags.ts";
import { type Chunk, checkKeyList, chunksOf } from "./element-walk.ts";
import { MapCodecs } from "./map-codecs.ts";
import type { MapOperation } from "./map-errors.ts";
import { type MapMemory, openMemory } from "./map-memory.ts";
import { type MapTypes, typesOfMap } from "./map-types.ts";
import { RawMap } from "./raw-map.ts";

const NO_KEY = new Uint8Array(0);
const PUSH_OPTIONS: OptionTable<{ replace?: boolean }> = { replace: "boolean" };

/**
 * A map in the kernel, used like a JavaScript Map. `K` and `V` are the JavaScript types of decoded keys and values. The
 * compiler cannot check them.
 *
 * Keys and values are decoded by the BTF that the map was created with. Without BTF they are Uint8Arrays, and a u32 may
 * also be given as a number. Some keys and values need no BTF, because the kernel defines them:
 * - The index of an array is a number.
 * - The key of an LPM trie is a text such as `10.0.0.0/8`.
 * - If the values of a map are maps or programs, write an object or an fd. A read returns the id.
 * - If the values are sockets, write an fd. A read returns the socket's cookie.
 * - The value of a device or CPU map is a number, or with a program `{ ifindex, program }` or `{ qsize, program }`.
 * - The value of a stack trace map is an array of addresses, or with BPF_F_STACK_BUILD_ID of `BuildIdFrame`s.
 * - The key of local storage is an fd, `{ pid }` or `{ path }`.
 * - The key of cgroup storage is the cgroup's id, or `{ id, attachType }`.
 * - A per-CPU value is an array with one value for each possible CPU.
 */
// biome-ignore lint/suspicious/noExplicitAny: only the caller knows what the types decode to
export class BpfMap<K = any, V = any> extends RawMap {
  readonly #typesOf: () => MapTypes | undefined;
  #codecs: MapCodecs | undefined;
  #memory: MapMemory<V> | undefined;

  constructor(fd: OwnedFd, options: { name?: string; types?: MapTypes | undefined; pinnedPath?: string } = {}) {
    const info = mapInfo(fd.number);
    super(fd, info, options);
    this.#typesOf = () => options.types ?? typesOfMap(info);
  }

  /** Returns the types of keys and values, or undefined for a map without BTF. */
  types(): MapTypes | undefined {
    return this.#typesOf();
  }

  /**
   * Returns the value of a key, or undefined if the map has no such key. Throws UsageError for a key of a wrong type or
   * range.
   */
  get(key: K, options?: LookupOptions): V | undefined {
    const io = this.#codecs ?? this.#openCodecs();
    const { places } = io;
    if (places !== undefined && typeof key !== "object" && options === undefined) {
      try {
        io.key.write(places.key, 0, key);
        return mapLookupPlaced(this.fd) ? (io.value.read(places.value, 0) as V) : undefined;
      } catch (error) {
        throw this.explain(error, "read");
      }
    }
    const buffers = io.begin();
    try {
      const flags = options === undefined ? 0n : lookupFlags(options);
      io.key.write(buffers.key, 0, key);
      if (!mapLookupElem(this.fd, buffers.key.bytes, buffers.value.bytes, flags)) return undefined;
    } catch (error) {
      throw this.explain(error, "read");
    } finally {
      io.end(buffers);
    }
    return (options?.cpu === undefined ? io.value : io.one).read(buffers.value, 0) as V;
  }

  /**
   * Writes an element. `options` may be just the mode, such as "create". Throws UsageError for a key or value of a
   * wrong type or range. Throws SyscallError with E2BIG if the map is full, with EEXIST or ENOENT if the mode forbids
   * the write, and with EPERM if the map is frozen.
   */
  set(key: K, value: V, options: UpdateMode | UpdateOptions = "any"): this {
    const io = this.#codecs ?? this.#openCodecs();
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
    const buffers = io.begin();
    try {
      const flags = updateFlags(options);
      const one = typeof options === "object" && options.cpu !== undefined;
      // Encode the value before the key, because getters of the value may run the caller's code. No such code may run
      // after the key codec has opened an fd, until end() closes this fd.
      (one ? io.one : io.value).write(buffers.value, 0, value);
      io.key.write(buffers.key, 0, key);
      mapUpdateElem(this.fd, buffers.key.bytes, buffers.value.bytes, flags);
    } catch (error) {
      throw this.explain(error, "write");
    } finally {
      io.end(buffers);
    }
    return this;
  }

  /** Returns true if there is an element with this key. */
  has(key: K): boolean {
    return this.#callWithKey(key, "read", (bytes, value) => mapLookupElem(this.fd, bytes, value.bytes)).found;
  }

  /** Deletes an element. Returns false if the map has no such key. The elements of an array cannot be deleted. */
  delete(key: K): boolean {
    return this.#callWithKey(key, "delete", (bytes) => mapDeleteElem(this.fd, bytes)).found;
  }

  /**
   * Looks up an element and deletes it atomically (hashes since 5.14). Returns undefined if the map has no such key.
   */
  take(key: K): V | undefined {
    const { found, value } = this.#callWithKey(key, "take", (bytes, value) =>
      mapLookupAndDeleteElem(this.fd, bytes, value.bytes),
    );
    return found ? ((this.#codecs as MapCodecs).value.read(value, 0) as V) : undefined;
  }

  /**
   * Writes many elements, in batches if the kernel has them (5.6). If a write fails, some elements may already be
   * written.
   */
  setMany(elements: Iterable<readonly [K, V]>, options: UpdateMode | UpdateOptions = "any"): this {
    const io = this.#codecs ?? this.#openCodecs();
    this.explained("write", () => writeMany(this, io, elements, updateFlags(options)));
    return this;
  }

  /** Deletes many elements, in batches if the kernel has them (5.6). Returns how many it deleted. */
  deleteMany(keys: Iterable<K>): number {
    const io = this.#codecs ?? this.#openCodecs();
    return this.explained("delete", () => removeMany(this, io, keys));
  }

  /** Deletes all elements. Elements that a program or another process adds during the call may stay. */
  clear(): void {
    this.deleteMany(this.keys());
  }

  /** Counts the elements by walking over all of them. */
  count(): number {
    let count = 0;
    for (const _ of this.keys()) count++;
    return count;
  }

  /** Iterates over the keys. If the map changes during the iteration, the rules of {@link entries} hold. */
  *keys(): Generator<K, void, undefined> {
    const { key } = this.#codecs ?? this.#openCodecs();
    for (const { count, keys, errnos } of this.#chunks()) {
      for (let i = 0; i < count; i++) {
        if (errnos?.[i] !== Errno.ENOENT) yield key.read(keys, i * this.keySize) as K;
      }
    }
  }

  /** Iterates over the values. If the map changes during the iteration, the rules of {@link entries} hold. */
  *values(): Generator<V, void, undefined> {
    for (const [, value] of this.entries()) yield value;
  }

  /**
   * Iterates over all elements, which are read ahead in batches if the kernel has them. If an element is deleted during
   * the iteration, the iteration skips the element or yields its old value. If an element is added, the iteration may
   * miss it. The caller may delete each element that it gets. Empty slots of arrays of maps and of prog arrays are
   * skipped.
   *
   * Throws UsageError for a map whose elements the kernel does not list. Throws BpfError ABORTED if the map changes so
   * much that the walk does not reach its end.
   */
  *entries(): Generator<[K, V], void, undefined> {
    const { key, value } = this.#codecs ?? this.#openCodecs();
    for (const { count, keys, values, errnos } of this.#chunks()) {
      for (let i = 0; i < count; i++) {
        if (errnos !== undefined && !this.#wasRead(errnos[i] as number)) continue;
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
   * Iterates over all elements and deletes each one that it reads. If the kernel has batches for this map type (hashes
   * since 5.6), one system call reads and deletes a whole batch. Otherwise each element is looked up and then deleted.
   * If the caller stops early, the rest of the last batch is lost.
   */
  *drain(): Generator<[K, V], void, undefined> {
    const { key, value } = this.#codecs ?? this.#openCodecs();
    try {
      for (const { count, keys, values } of chunksOf(this, { take: true })) {
        for (let i = 0; i < count; i++) {
          yield [key.read(keys, i * this.keySize) as K, value.read(values, i * this.valueBytes) as V];
        }
      }
    } catch (error) {
      if (!hasNoBatches(error)) throw this.explain(error, "take");
      for (const [k, v] of this.entries()) if (this.delete(k)) yield [k, v];
    }
  }

  /**
   * Adds a value to a queue or stack (since 4.20) or to a bloom filter (since 5.16). If the queue or stack is full,
   * `replace` makes it drop its oldest value.
   */
  push(value: V, options: { replace?: boolean } = {}): void {
    const io = this.#keylessCodecs("push");
    checkOptions("push", options, PUSH_OPTIONS);
    const flags = updateFlags(options.replace === true ? "replace" : "any");
    this.#callWithValue(io, "write", value, (bytes) => {
      mapUpdateElem(this.fd, NO_KEY, bytes, flags);
      return true;
    });
  }

  /** Removes the next value of a queue or a stack and returns it; undefined if the map is empty. */
  pop(): V | undefined {
    const io = this.#keylessCodecs("pop");
    return this.#readNext(io, "take", (bytes) => mapLookupAndDeleteElem(this.fd, NO_KEY, bytes));
  }

  /** Returns the next value of a queue or a stack without removing it; undefined if the map is empty. */
  peek(): V | undefined {
    const io = this.#keylessCodecs("peek");
    return this.#readNext(io, "read", (bytes) => mapLookupWithoutKey(this.fd, bytes));
  }

  /** Returns false if a value is certainly not in a bloom filter, true if it may be there (5.16). */
  mayHave(value: V): boolean {
    const io = this.#keylessCodecs("mayHave");
    return this.#callWithValue(io, "read", value, (bytes) => mapLookupWithoutKey(this.fd, bytes));
  }

  /**
   * Maps the memory of this BPF map, so that the process shares it with programs. The map must be an array with
   * BPF_F_MMAPABLE (5.5) or an arena (6.9). The first call makes the mapping, which ends when the map is closed. A map
   * that is mapped for writing cannot be frozen.
   */
  memory(): MapMemory<V> {
    if (this.#memory === undefined || this.#memory.closed) {
      this.#memory = this.explained("map", () => openMemory<V>(this));
    }
    return this.#memory;
  }

  /**
   * Reads the records of a ring buffer or a perf event array as an async iterable, for example `for await (const event
   * of map.records({ as: { btf, type: "struct event" } }))`.
   */
  // biome-ignore lint/suspicious/noExplicitAny: only the caller knows what the type decodes to
  records<T = any>(options?: RecordsOptions): RecordStream<T> {
    return records<T>(this, options);
  }

  override close(): void {
    this.#memory?.close();
    super.close();
  }

  #openCodecs(): MapCodecs {
    this.#codecs = new MapCodecs(this, this.#typesOf());
    return this.#codecs;
  }

  #keylessCodecs(method: string): MapCodecs {
    if (this.traits.key !== "none" || this.traits.value === "none") {
      throw new UsageError(
        `${this.what} is of type ${this.typeName}, but ${method} works only on queues, stacks and bloom filters`,
      );
    }
    return this.#codecs ?? this.#openCodecs();
  }

  *#chunks(): Generator<Chunk, void, undefined> {
    checkKeyList(this);
    try {
      yield* chunksOf(this);
    } catch (error) {
      throw this.explain(error, "list");
    }
  }

  /**
   * Returns true if errno is 0, and false if the element is missing. For any other errno, throws an error that explains
   * it.
   */
  #wasRead(errno: number): boolean {
    if (errno === 0) return true;
    if (errno === Errno.ENOENT) return false;
    throw this.explain(new SyscallError({ call: "bpf(BPF_MAP_LOOKUP_ELEM)", errno }), "read");
  }

  #callWithKey(
    key: K,
    operation: MapOperation,
    call: (key: Uint8Array, value: ElementBuffer) => boolean,
  ): { readonly found: boolean; readonly value: ElementBuffer } {
    const io = this.#codecs ?? this.#openCodecs();
    const buffers = io.begin();
    try {
      io.key.write(buffers.key, 0, key);
      return { found: call(buffers.key.bytes, buffers.value), value: buffers.value };
    } catch (error) {
      throw this.explain(error, operation);
    } finally {
      io.end(buffers);
    }
  }

  #callWithValue(io: MapCodecs, operation: MapOperation, value: V, call: (value: Uint8Array) => boolean): boolean {
    const buffers = io.begin();
    try {
      io.value.write(buffers.value, 0, value);
      return call(buffers.value.bytes);
    } catch (error) {
      throw this.explain(error, operation);
    } finally {
      io.end(buffers);
    }
  }

  #readNext(io: MapCodecs, operation: MapOperation, call: (value: Uint8Array) => boolean): V | undefined {
    const buffers = io.begin();
    try {
      return call(buffers.value.bytes) ? (io.value.read(buffers.value, 0) as V) : undefined;
    } catch (error) {
      throw this.explain(error, operation);
    } finally {
      io.end(buffers);
    }
  }
}

/**
 * Opens a map from `{ id }`, `{ pinned: path }` or `{ fd }`. The map becomes the owner of the given fd. Throws
 * UsageError if the source does not exist or is not a map.
 */
// biome-ignore lint/suspicious/noExplicitAny: only the caller knows what the types decode to
export function openMap<K = any, V = any>(source: ObjectSource): BpfMap<K, V> {
  return new BpfMap(openSource(source, "map", mapGetFdById), "pinned" in source ? { pinnedPath: source.pinned } : {});
}

/**
 * Iterates over all maps of the kernel in the order of their ids. Skips maps that disappear during the iteration.
 * Closes each map after its step, unless `takeObject` kept it open. Needs CAP_SYS_ADMIN.
 */
export function maps(): Generator<BpfMap, void, undefined> {
  return walkObjects("map", (fd) => new BpfMap(fd, {}));
}
