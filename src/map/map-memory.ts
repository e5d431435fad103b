import { compileReader, compileWriter, type ValueReader, type ValueWriter } from "../btf/index.ts";
import { ClosedError, Errno, NotSupportedError, SyscallError, UsageError } from "../errors/index.ts";
import { WordView } from "../layout/index.ts";
import { type MappedMemory, mapMemory } from "../sys/index.ts";
import { BpfMapFlag, BpfMapType } from "../uapi/index.ts";
import type { MapTypes } from "./map-codecs.ts";
import { makeRoom, type Room } from "./room.ts";
import { atomic, type Integer, type IntegerArray, integerArray } from "./shared-integers.ts";

/** The map whose memory is to be seen. */
export interface MemoryOwner {
  readonly what: string;
  readonly fd: number;
  readonly type: number;
  readonly flags: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  /** Of an arena the address at which it must lie, 0 for any. */
  readonly address: bigint;
  types(): MapTypes | undefined;
}

const PAGE = 4096;

let viewOf: (memory: MapMemory) => DataView<ArrayBuffer>;

/** A map's memory for reading. Not for everybody: a write to memory that is not writable ends the process. */
export function readableView(memory: MapMemory): DataView<ArrayBuffer> {
  return viewOf(memory);
}

/**
 * The memory of a map, shared with the programs: an array with BPF_F_MMAPABLE (5.5) or an arena (6.9). What is read and
 * written here is seen by the programs at once, without a system call; of a value larger than 8 bytes another CPU may
 * see a part of a write. It lives as long as its map is open; afterwards every use is a ClosedError, and views taken
 * from {@link buffer} hold private zeros, so that no use of them can crash the process.
 */
export class MapMemory<V = unknown> {
  readonly what: string;
  /** Bytes that the mapping has: whole pages. */
  readonly length: number;
  /** False for a map that is frozen, or read-only for user space. */
  readonly isWritable: boolean;
  static {
    viewOf = (memory) => memory.#view;
  }

  readonly #memory: MappedMemory;
  readonly #view: DataView<ArrayBuffer>;
  readonly #owner: MemoryOwner;
  readonly #stride: number;
  readonly #integers: IntegerArray | undefined;
  readonly #read: ValueReader | undefined;
  readonly #write: ValueWriter | undefined;
  readonly #room: Room;

  constructor(memory: MappedMemory, owner: MemoryOwner) {
    this.what = owner.what;
    this.length = memory.length;
    this.isWritable = memory.writable;
    this.#memory = memory;
    this.#owner = owner;
    this.#view = new WordView(memory.buffer);
    const isArray = owner.type === BpfMapType.BPF_MAP_TYPE_ARRAY;
    this.#stride = Math.ceil(owner.valueSize / 8) * 8;
    this.#room = makeRoom(isArray ? owner.valueSize : 0);
    const types = isArray ? owner.types() : undefined;
    if (types === undefined || types.btf.sizeOf(types.valueTypeId) !== owner.valueSize) return;
    this.#integers = integerArray(types.btf, types.valueTypeId, memory.buffer);
    this.#read = compileReader(types.btf, types.valueTypeId);
    this.#write = compileWriter(types.btf, types.valueTypeId, { name: `${owner.what}: value` });
  }

  /**
   * The memory itself, for typed arrays, DataViews and Atomics. Throws UsageError for memory that is not writable: a
   * write there would end the process; {@link copy} reads it.
   */
  get buffer(): ArrayBuffer {
    if (!this.isWritable) throw new UsageError(`the memory of ${this.what} is read-only: copy() reads it`);
    return this.#memory.buffer;
  }

  /** A copy of `length` bytes from `offset`. */
  copy(offset = 0, length: number = this.length - offset): Uint8Array<ArrayBuffer> {
    this.#checkRange(offset, length);
    return new Uint8Array(this.#memory.buffer, offset, length).slice();
  }

  /** An array's value at an index, by its BTF type; a copy of its bytes without. */
  get(index: number): V {
    const at = this.#place(index);
    if (this.#integers !== undefined) return this.#integers[at / this.#integers.BYTES_PER_ELEMENT] as V;
    if (this.#read !== undefined) return this.#read(this.#view, at) as V;
    return this.copy(at, this.#room.bytes.length) as V;
  }

  /** Writes an array's value. Throws UsageError for a wrong type or range; nothing is written then. */
  set(index: number, value: V): this {
    const at = this.#place(index);
    if (!this.isWritable) throw new UsageError(`${this.what} is read-only`);
    const { bytes, view } = this.#room;
    if (this.#write !== undefined) this.#write(view, 0, value);
    else if (value instanceof Uint8Array && value.length === bytes.length) bytes.set(value);
    else throw new UsageError(`${this.what} has no BTF: a value is a Uint8Array of ${bytes.length} bytes`);
    if (this.#integers === undefined) new Uint8Array(this.#memory.buffer).set(bytes, at);
    else storeInteger(this.#integers, at, view);
    return this;
  }

  /**
   * Adds to an array's integer in one step, whatever programs and others do to it meanwhile; wraps round as C does.
   * Returns what it was. Throws UsageError where values are no integers of 1, 2, 4 or 8 bytes.
   */
  add(index: number, delta: Integer): Integer {
    return this.#atomic("add", index, delta);
  }

  /** Replaces an array's integer in one step and returns what it was. */
  exchange(index: number, value: Integer): Integer {
    return this.#atomic("exchange", index, value);
  }

  /** Replaces an array's integer if it is `expected`, in one step; returns what it was. */
  compareExchange(index: number, expected: Integer, value: Integer): Integer {
    return this.#atomic("compareExchange", index, expected, value);
  }

  /** Whether the map was closed. */
  get closed(): boolean {
    return this.#memory.closed;
  }

  /** Ends the mapping; the map does so when it is closed. */
  close(): void {
    this.#memory.close();
  }

  #atomic(operation: "add" | "exchange" | "compareExchange", index: number, ...operands: Integer[]): Integer {
    const at = this.#place(index);
    if (!this.isWritable) throw new UsageError(`${this.what} is read-only`);
    if (this.#integers === undefined) {
      throw new UsageError(`${this.what}: its values are not known to be integers of 1, 2, 4 or 8 bytes`);
    }
    return atomic(operation, this.#integers, at / this.#integers.BYTES_PER_ELEMENT, this.what, ...operands);
  }

  /** Where in the memory an array's value begins. */
  #place(index: number): number {
    if (this.#memory.closed) throw new ClosedError(this.what);
    const { maxEntries, type } = this.#owner;
    if (type !== BpfMapType.BPF_MAP_TYPE_ARRAY) {
      throw new UsageError(`${this.what} is an arena: its memory has no elements, use buffer`);
    }
    if (!(Number.isInteger(index) && index >= 0 && index < maxEntries)) {
      throw new UsageError(`${this.what}: ${index} is none of its indexes, 0 to ${maxEntries - 1}`);
    }
    return index * this.#stride;
  }

  #checkRange(offset: number, length: number): void {
    if (Number.isInteger(offset) && offset >= 0 && Number.isInteger(length) && length >= 0) {
      if (offset + length <= this.length) return;
    }
    throw new UsageError(`${this.what}: ${length} bytes at ${offset} are not in its memory of ${this.length} bytes`);
  }
}

/** Copies an integer from the beginning of `from` into shared memory with one store. */
export function storeInteger(array: IntegerArray, at: number, from: DataView): void {
  const size = array.BYTES_PER_ELEMENT;
  if (size === 8) (array as BigUint64Array)[at / 8] = from.getBigUint64(0, true);
  else if (size === 4) array[at / 4] = from.getUint32(0, true);
  else if (size === 2) array[at / 2] = from.getUint16(0, true);
  else array[at] = from.getUint8(0);
}

/**
 * Maps a map's memory: for reading and writing, or for reading where the kernel allows no more. Throws UsageError for a
 * map that has none to be mapped, NotSupportedError or SyscallError where the kernel refuses.
 */
export function openMemory<V>(owner: MemoryOwner): MapMemory<V> {
  const isArena = owner.type === BpfMapType.BPF_MAP_TYPE_ARENA;
  if (!isArena && (owner.type !== BpfMapType.BPF_MAP_TYPE_ARRAY || (owner.flags & BpfMapFlag.BPF_F_MMAPABLE) === 0)) {
    throw new UsageError(`${owner.what} cannot be mapped: arrays with BPF_F_MMAPABLE and arenas can`);
  }
  if ((owner.flags & BpfMapFlag.BPF_F_SEGV_ON_FAULT) !== 0) {
    throw new UsageError(
      `${owner.what} cannot be mapped safely: with BPF_F_SEGV_ON_FAULT a look at a page that no program made ends the process`,
    );
  }
  const bytes = isArena ? owner.maxEntries * PAGE : Math.ceil(owner.valueSize / 8) * 8 * owner.maxEntries;
  const length = Math.ceil(bytes / PAGE) * PAGE;
  const place = { length, ...(owner.address === 0n ? {} : { address: Number(owner.address) }) };
  try {
    return new MapMemory<V>(mapMemory(owner.fd, { ...place, writable: true }, owner.what), owner);
  } catch (error) {
    if (!(error instanceof SyscallError)) throw error;
    if (error.errno === Errno.EPERM || error.errno === Errno.EACCES) {
      return new MapMemory<V>(mapMemory(owner.fd, place, owner.what), owner);
    }
    if (error.errno === Errno.ENOTSUPP || error.errno === Errno.EINVAL) {
      throw new NotSupportedError(
        { feature: `to map ${owner.what}`, minVersion: isArena ? "6.9" : "5.5" },
        { cause: error },
      );
    }
    throw error;
  }
}
