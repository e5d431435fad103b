import { compileReader, compileWriter, type ValueReader, type ValueWriter } from "../btf/index.ts";
import { ClosedError, Errno, NotSupportedError, SyscallError, UsageError } from "../errors/index.ts";
import { INSPECT, type Inspect, inspectObject } from "../kernel/index.ts";
import { WordView } from "../layout/index.ts";
import { type ElementBuffer, type MappedMemory, mapMemory, pageSize } from "../sys/index.ts";
import { BpfMapFlag, BpfMapType } from "../uapi/index.ts";
import { makeElementBuffer, writeBytes } from "./codec.ts";
import { valueStride } from "./map-type-traits.ts";
import type { MapTypes } from "./map-types.ts";
import {
  type AtomicOperation,
  type Integer,
  type IntegerArray,
  integerArray,
  runAtomic,
  storeInteger,
} from "./shared-integers.ts";

/** The map whose memory is mapped. */
export interface MemoryOwner {
  readonly what: string;
  readonly fd: number;
  readonly type: number;
  readonly flags: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  /** The address at which a BPF arena must be mapped, or 0 for any address. */
  readonly address: bigint;
  types(): MapTypes | undefined;
}

let viewOf: (memory: MapMemory) => DataView<ArrayBuffer>;

/**
 * Returns a view of a map's memory. Only read from the view, and do not pass it to users of the library: if the memory
 * is read-only, a write ends the process.
 */
export function readableView(memory: MapMemory): DataView<ArrayBuffer> {
  return viewOf(memory);
}

/**
 * The memory of a map, which this process shares with programs. The map is an array with BPF_F_MMAPABLE (5.5) or an
 * arena (6.9). Reads and writes need no system call, and programs see writes at once. While one CPU writes a value of
 * more than 8 bytes, another CPU may see only a part of the new value.
 *
 * The memory lives as long as its map is open. Afterwards each method throws ClosedError. Older views of {@link buffer}
 * then show private memory, so using them does no harm.
 */
export class MapMemory<V = unknown> {
  readonly what: string;
  /** The size of the mapping in bytes, a number of whole pages. */
  readonly length: number;
  /** False for a frozen map, and for a map that user space may only read. */
  readonly isWritable: boolean;
  static {
    viewOf = (memory) => memory.#view;
  }

  readonly #memory: MappedMemory;
  readonly #view: DataView<ArrayBuffer>;
  readonly #owner: MemoryOwner;
  readonly #stride: number;
  readonly #encoded: ElementBuffer;
  #isEncoding = false;
  readonly #integers: IntegerArray | undefined;
  readonly #read: ValueReader | undefined;
  readonly #write: ValueWriter | undefined;

  constructor(memory: MappedMemory, owner: MemoryOwner) {
    this.what = owner.what;
    this.length = memory.length;
    this.isWritable = memory.writable;
    this.#memory = memory;
    this.#owner = owner;
    this.#view = new WordView(memory.buffer);
    const isArray = owner.type === BpfMapType.BPF_MAP_TYPE_ARRAY;
    this.#stride = valueStride(owner.valueSize);
    this.#encoded = makeElementBuffer(isArray ? owner.valueSize : 0);
    const types = isArray ? owner.types() : undefined;
    if (types === undefined || types.btf.sizeOf(types.valueTypeId) !== owner.valueSize) return;
    this.#integers = integerArray(types.btf, types.valueTypeId, memory.buffer);
    this.#read = compileReader(types.btf, types.valueTypeId);
    this.#write = compileWriter(types.btf, types.valueTypeId, { name: `${owner.what}: value` });
  }

  /**
   * The memory itself, for typed arrays, DataViews and Atomics. Throws UsageError for read-only memory, because a write
   * to it would end the process. Use {@link copy} to read such memory.
   */
  get buffer(): ArrayBuffer {
    if (!this.isWritable) throw new UsageError(`the memory of ${this.what} is read-only; read it with copy()`);
    return this.#memory.buffer;
  }

  /** Returns a copy of `length` bytes from `offset` on. */
  copy(offset = 0, length: number = this.length - offset): Uint8Array<ArrayBuffer> {
    this.#checkRange(offset, length);
    return new Uint8Array(this.#memory.buffer, offset, length).slice();
  }

  /**
   * Returns the value at an index of an array. The value is decoded by its BTF type; without BTF it is a copy of its
   * bytes.
   */
  get(index: number): V {
    const at = this.#offsetOf(index);
    if (this.#integers !== undefined) return this.#integers[at / this.#integers.BYTES_PER_ELEMENT] as V;
    if (this.#read !== undefined) return this.#read(this.#view, at) as V;
    return this.copy(at, this.#encoded.bytes.length) as V;
  }

  /**
   * Writes the value at an index of an array. If the value has a wrong type or range, throws UsageError and writes
   * nothing.
   */
  set(index: number, value: V): this {
    const at = this.#offsetOf(index);
    this.#checkWritable();
    const { bytes, view } = this.#encode(value);
    if (this.#integers === undefined) new Uint8Array(this.#memory.buffer).set(bytes, at);
    else storeInteger(this.#integers, at, view);
    return this;
  }

  /** Encodes a value. If a getter of the value writes to the same memory, the inner call gets a buffer of its own. */
  #encode(value: V): ElementBuffer {
    const to = this.#isEncoding ? makeElementBuffer(this.#encoded.bytes.length) : this.#encoded;
    const isOuter = !this.#isEncoding;
    this.#isEncoding = true;
    try {
      if (this.#write !== undefined) this.#write(to.view, 0, value);
      else if (!writeBytes(to, 0, value, to.bytes.length, this.what)) {
        throw new UsageError(`${this.what} has no BTF, so a value must be a Uint8Array of ${to.bytes.length} bytes`);
      }
      return to;
    } finally {
      if (isOuter) this.#isEncoding = false;
    }
  }

  /**
   * Adds to an integer of an array atomically, even while programs change it. The sum wraps around as in C. Returns the
   * old integer. Throws UsageError if the array does not hold integers of 1, 2, 4 or 8 bytes.
   */
  add(index: number, delta: Integer): Integer {
    return this.#atomic("add", index, delta);
  }

  /** Replaces an integer of an array atomically and returns the old integer. */
  exchange(index: number, value: Integer): Integer {
    return this.#atomic("exchange", index, value);
  }

  /** Replaces an integer of an array atomically if it equals `expected`. Returns the old integer in any case. */
  compareExchange(index: number, expected: Integer, value: Integer): Integer {
    return this.#atomic("compareExchange", index, expected, value);
  }

  /** True after the map or this memory was closed. */
  get closed(): boolean {
    return this.#memory.closed;
  }

  /** Ends the mapping. Closing the map does this too. */
  close(): void {
    this.#memory.close();
  }

  [INSPECT](_depth: number, options: object, inspect: Inspect): string {
    const { what, length, isWritable, closed } = this;
    return inspectObject("MapMemory", { what, length, isWritable, closed }, options, inspect);
  }

  #atomic(operation: AtomicOperation, index: number, ...operands: Integer[]): Integer {
    const at = this.#offsetOf(index);
    this.#checkWritable();
    if (this.#integers === undefined) {
      throw new UsageError(
        `${this.what} does not support atomic operations: its values must be integers of 1, 2, 4 or 8 bytes`,
      );
    }
    return runAtomic(operation, this.#integers, at / this.#integers.BYTES_PER_ELEMENT, this.what, ...operands);
  }

  #checkWritable(): void {
    if (!this.isWritable)
      throw new UsageError(
        `the memory of ${this.what} is read-only: the map is frozen, or it was opened or created with BPF_F_RDONLY`,
      );
  }

  /** Returns the offset in the memory at which an element's value begins. */
  #offsetOf(index: number): number {
    if (this.#memory.closed) throw new ClosedError(this.what);
    const { maxEntries, type } = this.#owner;
    if (type !== BpfMapType.BPF_MAP_TYPE_ARRAY) {
      throw new UsageError(`${this.what} is an arena, which has no elements; use its buffer`);
    }
    if (!(Number.isInteger(index) && index >= 0 && index < maxEntries)) {
      throw new UsageError(`${this.what} has no index ${index}: its indexes are 0 to ${maxEntries - 1}`);
    }
    return index * this.#stride;
  }

  #checkRange(offset: number, length: number): void {
    if (Number.isInteger(offset) && offset >= 0 && Number.isInteger(length) && length >= 0) {
      if (offset + length <= this.length) return;
    }
    throw new UsageError(
      `the memory of ${this.what} has ${this.length} bytes, and ${length} bytes at offset ${offset} do not lie inside it`,
    );
  }
}

/**
 * Maps the memory of a BPF map for reading and writing, or only for reading if the kernel does not allow writing.
 * Throws UsageError for a map without such memory, NotSupportedError or SyscallError if the kernel refuses.
 */
export function openMemory<V>(owner: MemoryOwner): MapMemory<V> {
  const isArena = owner.type === BpfMapType.BPF_MAP_TYPE_ARENA;
  if (!isArena && (owner.type !== BpfMapType.BPF_MAP_TYPE_ARRAY || (owner.flags & BpfMapFlag.BPF_F_MMAPABLE) === 0)) {
    throw new UsageError(`${owner.what} cannot be mapped: only arenas and arrays with BPF_F_MMAPABLE can be mapped`);
  }
  if ((owner.flags & BpfMapFlag.BPF_F_SEGV_ON_FAULT) !== 0) {
    throw new UsageError(
      `${owner.what} cannot be mapped safely: it has BPF_F_SEGV_ON_FAULT, so reading a page that no program has allocated ends the process`,
    );
  }
  const page = pageSize();
  const bytes = isArena ? owner.maxEntries * page : valueStride(owner.valueSize) * owner.maxEntries;
  const length = Math.ceil(bytes / page) * page;
  const place = { length, address: Number(owner.address), isArena };
  try {
    return new MapMemory<V>(mapMemory(owner.fd, { ...place, writable: true }, owner.what), owner);
  } catch (error) {
    if (!(error instanceof SyscallError)) throw error;
    if (error.errno === Errno.EPERM || error.errno === Errno.EACCES) {
      return new MapMemory<V>(mapMemory(owner.fd, place, owner.what), owner);
    }
    if (error.errno === Errno.ENOTSUPP || error.errno === Errno.EINVAL) {
      throw new NotSupportedError(
        { feature: `mapping the memory of ${owner.what}`, minVersion: isArena ? "6.9" : "5.5" },
        { cause: error },
      );
    }
    throw error;
  }
}
