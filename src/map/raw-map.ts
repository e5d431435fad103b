import { UsageError } from "../errors/index.ts";
import { KernelObject } from "../kernel/index.ts";
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

/** A map as the kernel has it: keys and values are bytes. */
export abstract class RawMap extends KernelObject {
  readonly id: number;
  /** BPF_MAP_TYPE_*. */
  readonly type: BpfMapType;
  /** The name in the object file, else the kernel's, which is cut to 15 characters. */
  readonly name: string;
  /** Bytes of a key; 0 for queues, stacks, bloom filters, rings and arenas. */
  readonly keySize: number;
  /** Bytes of a value, on one CPU for per-CPU maps. */
  readonly valueSize: number;
  readonly maxEntries: number;
  /** BPF_F_*, as the map was created. */
  readonly flags: number;
  /** How the kernel treats the elements of this type of map. */
  readonly traits: MapTraits;
  /** Bytes of an element's value in {@link lookup} and {@link update}: of a per-CPU map, those of all CPUs. */
  readonly valueBytes: number;
  /** Where an arena must lie in the address space, 0 for anywhere. */
  readonly address: bigint;

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

  /** `hash`, `array`, …; the number for a type newer than this library. */
  get typeName(): string {
    return mapTypeName(this.type) ?? String(this.type);
  }

  /** What the kernel says about the map (4.13). */
  info(): MapInfo {
    return mapInfo(this.fd);
  }

  /** Whether only programs can write the map (5.2). */
  get isFrozen(): boolean {
    return fdInfo(this.fd).get("frozen") === "1";
  }

  /** Bytes of memory that the map takes by the kernel's own count; undefined where it tells none. */
  get memoryUse(): number | undefined {
    const text = fdInfo(this.fd).get("memlock");
    return text === undefined ? undefined : Number(text);
  }

  /** The value's bytes for a key's bytes, undefined if there is none; they are written into `into` where that is given. */
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

  /** Writes bytes; `flags` are the kernel's (BPF_ANY, BPF_NOEXIST, BPF_EXIST, BPF_F_LOCK, …). */
  update(key: Uint8Array, value: Uint8Array, flags = 0n): void {
    if (key.length !== this.keySize) this.#wrongSize(key, this.keySize, "key");
    if (value.length !== this.valueBytes) this.#wrongSize(value, this.valueBytes, "value");
    try {
      mapUpdateElem(this.fd, key, value, flags);
    } catch (error) {
      throw this.explain(error, "write");
    }
  }

  /** Deletes by a key's bytes; false if there was none. */
  remove(key: Uint8Array): boolean {
    if (key.length !== this.keySize) this.#wrongSize(key, this.keySize, "key");
    return this.explained("delete", () => mapDeleteElem(this.fd, key));
  }

  /**
   * Reads the next elements' bytes into `keys` and `values`, as many as fit, and returns how many; `cursor.done` says
   * that there are no more. 0 without `done` means that one bucket of the hash did not fit: come again with more room.
   * SyscallError ENOTSUPP for a type of map without batches: hashes and arrays have them since 5.6.
   */
  lookupBatch(cursor: BatchCursor, keys: Uint8Array, values: Uint8Array, options: BatchOptions = {}): number {
    return this.#batch(cursor, keys, values, "read", (count) =>
      mapLookupBatch(this.fd, cursor.place, cursor.first, keys, values, count, options),
    );
  }

  /** {@link lookupBatch} that deletes what it reads; hashes only. */
  lookupAndDeleteBatch(cursor: BatchCursor, keys: Uint8Array, values: Uint8Array, options: BatchOptions = {}): number {
    return this.#batch(cursor, keys, values, "take", (count) =>
      mapLookupAndDeleteBatch(this.fd, cursor.place, cursor.first, keys, values, count, options),
    );
  }

  /** Writes as many elements as `keys` and `values` hold. Where one fails, those before it are written. */
  updateBatch(keys: Uint8Array, values: Uint8Array, options: BatchOptions = {}): number {
    const count = this.#batchSize(keys, values);
    return this.explained("write", () => mapUpdateBatch(this.fd, keys, values, count, options));
  }

  /** Deletes the elements of as many keys as there are; returns how many, ending at the first that is not there. */
  deleteBatch(keys: Uint8Array, options: BatchOptions = {}): number {
    const count = keys.length / Math.max(1, this.keySize);
    if (!Number.isInteger(count)) this.#wrongSize(keys, this.keySize, "key");
    return this.explained("delete", () => mapDeleteBatch(this.fd, keys, count, options));
  }

  /** No process may write the map from now on; programs still may (5.2). */
  freeze(): void {
    this.explained("freeze", () => mapFreeze(this.fd));
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
      `${this.what}: a batch has ${this.keySize} bytes a key and ${this.valueBytes} a value; ${keys.length} and ${values.length} were given`,
    );
  }

  protected explained<T>(operation: MapOperation, call: () => T): T {
    try {
      return call();
    } catch (error) {
      throw this.explain(error, operation);
    }
  }

  /** An error in this map's terms. */
  protected explain(error: unknown, operation: MapOperation): unknown {
    return explainMapError(error, this, operation);
  }

  #wrongSize(bytes: Uint8Array, size: number, part: string): never {
    throw new UsageError(`${this.what}: a ${part} has ${size} bytes, ${bytes.length} were given`);
  }
}
