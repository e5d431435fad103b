import { UsageError } from "../errors/index.ts";
import { INSPECT, type Inspect, inspectObject, KernelObject } from "../kernel/index.ts";
import {
  type BatchOptions,
  fdInfo,
  type MapInfo,
  mapDeleteBatch,
  mapDeleteElem,
  mapFreeze,
  mapInfo,
  mapLookupAndDeleteBatch,
  mapLookupBatch,
  mapLookupElem,
  mapUpdateBatch,
  mapUpdateElem,
  type OwnedFd,
  possibleCpus,
} from "../sys/index.ts";
import { BpfMapType, mapTypeName } from "../uapi/index.ts";
import type { BatchCursor } from "./batch.ts";
import { explainMapError, type MapOperation } from "./map-errors.ts";
import { type MapTraits, mapTraits, valueBytes } from "./map-type-traits.ts";

/** A map whose keys and values are bytes, as the kernel sees them. */
export abstract class RawMap extends KernelObject {
  readonly id: number;
  /** The map's type, a BPF_MAP_TYPE_*. */
  readonly type: BpfMapType;
  /**
   * The name in the object file, or the name that the caller gave. If there is neither, the kernel's name, which has at
   * most 15 characters.
   */
  readonly name: string;
  /** The size of a key in bytes; 0 for queues, stacks, bloom filters, rings and arenas. */
  readonly keySize: number;
  /** The size of a value in bytes. In a per-CPU map this is the size of one CPU's value. */
  readonly valueSize: number;
  readonly maxEntries: number;
  /** The flags (BPF_F_*) that the map was created with. */
  readonly flags: number;
  /** How the kernel treats the elements of this map type. */
  readonly traits: MapTraits;
  /**
   * The size in bytes of an element's value for {@link lookup} and {@link update}. In a per-CPU map this includes all
   * CPUs.
   */
  readonly valueBytes: number;
  /** The address at which a BPF arena must be mapped, or 0 for any address. */
  readonly address: bigint;

  /** Callbacks that run before the map is closed. Readers and writers of the map's ring register them. */
  readonly #onClose = new Set<() => void>();

  constructor(fd: OwnedFd, info: MapInfo, options: { name?: string; pinnedPath?: string }) {
    super(fd, `map ${options.name ?? (info.name || info.id)}`, options.pinnedPath);
    this.id = info.id;
    this.type = info.type;
    this.name = options.name ?? info.name;
    this.keySize = info.key_size;
    this.valueSize = info.value_size;
    this.maxEntries = info.max_entries;
    this.flags = info.map_flags;
    this.traits = mapTraits(info.type);
    this.valueBytes = valueBytes(this.traits, info.value_size, possibleCpus);
    this.address = info.type === BpfMapType.BPF_MAP_TYPE_ARENA ? (info.map_extra ?? 0n) : 0n;
  }

  /** The type's name, such as `hash` or `array`. For a type that is newer than this library, its number. */
  get typeName(): string {
    return mapTypeName(this.type) ?? String(this.type);
  }

  /** Returns the kernel's information about the map (4.13). */
  info(): MapInfo {
    return mapInfo(this.fd);
  }

  /** True if only programs can write the map (5.2). */
  get isFrozen(): boolean {
    return fdInfo(this.fd).get("frozen") === "1";
  }

  /** The kernel memory of the map in bytes. Undefined if the kernel does not report it. */
  get memoryUse(): number | undefined {
    const text = fdInfo(this.fd).get("memlock");
    return text === undefined ? undefined : Number(text);
  }

  /**
   * Returns the bytes of a key's value, or undefined if the map has no such key. If `into` is given, writes the bytes
   * there.
   */
  lookup(key: Uint8Array, into?: Uint8Array, flags = 0n): Uint8Array | undefined {
    if (key.length !== this.keySize) this.#wrongSize(key, this.keySize, "key");
    const value = into ?? new Uint8Array(this.valueBytes);
    if (value.length !== this.valueBytes) this.#wrongSize(value, this.valueBytes, "value");
    try {
      return mapLookupElem(this.fd, key, value, flags) ? value : undefined;
    } catch (error) {
      throw this.explain(error, "read");
    }
  }

  /**
   * Writes an element as bytes. `flags` are the kernel's flags BPF_ANY, BPF_NOEXIST, BPF_EXIST, BPF_F_LOCK and so on.
   */
  update(key: Uint8Array, value: Uint8Array, flags = 0n): void {
    if (key.length !== this.keySize) this.#wrongSize(key, this.keySize, "key");
    if (value.length !== this.valueBytes) this.#wrongSize(value, this.valueBytes, "value");
    try {
      mapUpdateElem(this.fd, key, value, flags);
    } catch (error) {
      throw this.explain(error, "write");
    }
  }

  /** Deletes the element with this key. Returns false if the map has no such key. */
  remove(key: Uint8Array): boolean {
    if (key.length !== this.keySize) this.#wrongSize(key, this.keySize, "key");
    return this.explained("delete", () => mapDeleteElem(this.fd, key));
  }

  /**
   * Reads the next elements into `keys` and `values`, as many as fit, and returns how many it read. Sets `cursor.done`
   * if no elements follow. A result of 0 without `done` means that the arrays are too small for one bucket of the hash:
   * call again with larger arrays. Throws SyscallError with ENOTSUPP for a map type without batches. Hashes and arrays
   * have batches since 5.6.
   */
  lookupBatch(cursor: BatchCursor, keys: Uint8Array, values: Uint8Array, options: BatchOptions = {}): number {
    return this.#batch(cursor, keys, values, "read", (count) =>
      mapLookupBatch(this.fd, cursor.place, cursor.first, keys, values, count, options),
    );
  }

  /** Reads elements like {@link lookupBatch}, and deletes them in the same step. Only hashes support this. */
  lookupAndDeleteBatch(cursor: BatchCursor, keys: Uint8Array, values: Uint8Array, options: BatchOptions = {}): number {
    return this.#batch(cursor, keys, values, "take", (count) =>
      mapLookupAndDeleteBatch(this.fd, cursor.place, cursor.first, keys, values, count, options),
    );
  }

  /**
   * Writes all elements of `keys` and `values`, and returns their number. If an element cannot be written, throws an
   * error; the elements before it stay written.
   */
  updateBatch(keys: Uint8Array, values: Uint8Array, options: BatchOptions = {}): number {
    const count = this.#batchSize(keys, values);
    return this.explained("write", () => mapUpdateBatch(this.fd, keys, values, count, options));
  }

  /**
   * Deletes the elements with these keys. Stops at the first key that the map does not have. Returns the number of
   * deleted elements.
   */
  deleteBatch(keys: Uint8Array, options: BatchOptions = {}): number {
    const count = keys.length / Math.max(1, this.keySize);
    if (!Number.isInteger(count)) this.#wrongSize(keys, this.keySize, "key");
    return this.explained("delete", () => mapDeleteBatch(this.fd, keys, count, options));
  }

  /** Makes the map read-only for all processes. This cannot be undone. Programs can still write to the map (5.2). */
  freeze(): void {
    this.explained("freeze", () => mapFreeze(this.fd));
  }

  /** Calls `callback` before the map is closed. Returns a function that removes the callback. */
  onClose(callback: () => void): () => void {
    this.#onClose.add(callback);
    return () => {
      this.#onClose.delete(callback);
    };
  }

  override close(): void {
    for (const callback of [...this.#onClose]) callback();
    this.#onClose.clear();
    super.close();
  }

  [INSPECT](_depth: number, options: object, inspect: Inspect): string {
    const { id, name, typeName: type, keySize, valueSize, maxEntries, pinnedPath, closed } = this;
    const fields = { id, name, type, keySize, valueSize, maxEntries, pinnedPath, closed };
    return inspectObject(this.constructor.name, fields, options, inspect);
  }

  #batch(
    cursor: BatchCursor,
    keys: Uint8Array,
    values: Uint8Array,
    operation: MapOperation,
    read: (count: number) => { count: number; done: boolean },
  ): number {
    cursor.check(this);
    const most = this.#batchSize(keys, values);
    if (cursor.done) return 0;
    const { count, done } = this.explained(operation, () => read(most));
    if (count > 0) cursor.first = false;
    cursor.done = done;
    return count;
  }

  #batchSize(keys: Uint8Array, values: Uint8Array): number {
    const count = keys.length / this.keySize;
    if (Number.isInteger(count) && values.length === count * this.valueBytes) return count;
    throw new UsageError(
      `${this.what}: each element of a batch needs ${this.keySize} bytes for the key and ${this.valueBytes} for the value, so buffers of ${keys.length} and ${values.length} bytes do not fit`,
    );
  }

  protected explained<T>(operation: MapOperation, call: () => T): T {
    try {
      return call();
    } catch (error) {
      throw this.explain(error, operation);
    }
  }

  /** Makes an error that explains what a failed call means for this map. */
  protected explain(error: unknown, operation: MapOperation): unknown {
    return explainMapError(error, this, operation);
  }

  #wrongSize(bytes: Uint8Array, size: number, part: string): never {
    throw new UsageError(`${this.what}: a ${part} has ${size} bytes, but ${bytes.length} were given`);
  }
}
