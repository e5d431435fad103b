import { type Btf, compileReader, compileWriter, type ValueReader } from "../btf/index.ts";
import { ClosedError, UsageError } from "../errors/index.ts";
import { INSPECT, type Inspect, inspectObject } from "../kernel/index.ts";
import type { VariableSpec } from "../object/index.ts";
import { BpfMapFlag, BpfMapType } from "../uapi/index.ts";
import type { BpfMap } from "./bpf-map.ts";
import { makeElementBuffer } from "./codec.ts";
import { type MapMemory, readableView } from "./map-memory.ts";
import {
  type AtomicOperation,
  type Integer,
  type IntegerArray,
  integerArray,
  runAtomic,
  storeInteger,
} from "./shared-integers.ts";

/** Where a variable lies in mapped memory. */
interface Place {
  readonly memory: MapMemory;
  /** The offset of the variable in the memory, in bytes. */
  readonly at: number;
  readonly view: DataView;
  /**
   * The memory as integers of the variable's size, for atomic reads and writes. Undefined unless the variable is an
   * integer at a multiple of its size.
   */
  readonly integers: IntegerArray | undefined;
  /** The variable's index in {@link integers}. */
  readonly index: number;
}

/** A global variable of a loaded object. Reads and writes go to the memory that the object's programs use. */
export class Variable {
  readonly name: string;
  /** The size of the variable in bytes. */
  readonly size: number;
  /** True for a variable of a read-only section. Loading the object freezes the map of such a section. */
  readonly isConstant: boolean;
  readonly #spec: VariableSpec;
  readonly #section: DataSection;
  readonly #btf: Btf | undefined;
  #read: ValueReader | undefined;
  #place: Place | undefined;

  constructor(spec: VariableSpec, section: DataSection, btf: Btf | undefined) {
    this.name = spec.name;
    this.size = spec.size;
    this.isConstant = spec.isConstant;
    this.#spec = spec;
    this.#section = section;
    this.#btf = spec.typeId === 0 ? undefined : btf;
  }

  /**
   * The variable's value, decoded by its BTF type. Without a type it is a copy of the bytes. An integer is read
   * atomically. Other values are not: a program may change them during the read. Throws ClosedError after the object is
   * closed.
   */
  // biome-ignore lint/suspicious/noExplicitAny: only the caller knows what the type decodes to
  get value(): any {
    const place = this.#place ?? this.#open();
    if (place === undefined) return this.#decode(viewOf(this.#section.read(this.#spec.offset, this.size)), 0);
    if (place.memory.closed) throw new ClosedError(this.#section.map.what);
    if (place.integers !== undefined) return place.integers[place.index];
    return this.#decode(place.view, place.at);
  }

  /** Writes the variable and no other bytes of its section. Throws UsageError for a wrong type or range. */
  set value(next: unknown) {
    this.#checkWritable();
    const { bytes, view } = makeElementBuffer(this.size);
    if (this.#btf !== undefined) compileWriter(this.#btf, this.#spec.typeId, { name: this.name })(view, 0, next);
    else if (next instanceof Uint8Array && next.length === this.size) bytes.set(next);
    else
      throw new UsageError(`variable ${this.name} has no BTF, so its value must be a Uint8Array of ${this.size} bytes`);
    const place = this.#place ?? this.#open();
    if (place === undefined) this.#section.write(this.#spec.offset, bytes);
    else if (place.integers !== undefined) storeInteger(this.#writable(place).integers as IntegerArray, place.at, view);
    else new Uint8Array(this.#writable(place).memory.buffer, place.at, this.size).set(bytes);
  }

  /**
   * Adds to an integer atomically, even while programs change it. The sum wraps around as in C. Returns the old
   * integer. Throws UsageError unless the variable is an aligned integer of 1, 2, 4 or 8 bytes in memory that can be
   * mapped (5.5).
   */
  add(delta: Integer): Integer {
    return this.#atomic("add", delta);
  }

  /** Replaces an integer atomically and returns the old integer. Use this for example to read and reset a counter. */
  exchange(value: Integer): Integer {
    return this.#atomic("exchange", value);
  }

  /** Replaces an integer atomically if it equals `expected`. Returns the old integer in any case. */
  compareExchange(expected: Integer, value: Integer): Integer {
    return this.#atomic("compareExchange", expected, value);
  }

  [INSPECT](_depth: number, options: object, inspect: Inspect): string {
    const { name, size, isConstant } = this;
    const section = this.#section.map.what;
    const value = this.#section.map.closed ? {} : { value: this.value };
    return inspectObject("Variable", { name, size, isConstant, section, ...value }, options, inspect);
  }

  #atomic(operation: AtomicOperation, ...operands: Integer[]): Integer {
    this.#checkWritable();
    const place = this.#place ?? this.#open();
    if (place?.integers === undefined) {
      throw new UsageError(
        `variable ${this.name} does not support atomic operations: it must be an aligned integer of 1, 2, 4 or 8 bytes in mapped memory`,
      );
    }
    const { integers, index } = this.#writable(place);
    return runAtomic(operation, integers as IntegerArray, index, `variable ${this.name}`, ...operands);
  }

  #checkWritable(): void {
    if (this.isConstant) throw new UsageError(`variable ${this.name} is constant; set it in the spec before loading`);
  }

  #writable(place: Place): Place {
    if (place.memory.closed) throw new ClosedError(this.#section.map.what);
    if (!place.memory.isWritable) {
      throw new UsageError(
        `variable ${this.name} is read-only: ${this.#section.map.what} is frozen, or it was opened or created with BPF_F_RDONLY`,
      );
    }
    return place;
  }

  #decode(view: DataView, at: number): unknown {
    if (this.#btf === undefined) return new Uint8Array(view.buffer, view.byteOffset + at, this.size).slice();
    this.#read ??= compileReader(this.#btf, this.#spec.typeId);
    return this.#read(view, at);
  }

  #open(): Place | undefined {
    const memory = this.#section.memory();
    if (memory === undefined) return undefined;
    const at = this.#section.start + this.#spec.offset;
    const view = readableView(memory);
    const found = this.#btf === undefined ? undefined : integerArray(this.#btf, this.#spec.typeId, view.buffer);
    const integers = found !== undefined && at % found.BYTES_PER_ELEMENT === 0 ? found : undefined;
    this.#place = { memory, at, view, integers, index: integers === undefined ? 0 : at / integers.BYTES_PER_ELEMENT };
    return this.#place;
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

const ONLY_KEY = new Uint8Array(4);

/**
 * The memory of a data section or of an arena's globals. If the map can be mapped (Linux 5.5), a read or write touches
 * only the variable's bytes. Otherwise each read or write copies the whole section, because the section is the only
 * value of its map.
 */
export class DataSection {
  readonly map: BpfMap;
  /** The offset of the section in the map's memory, in bytes. */
  readonly start: number;

  constructor(map: BpfMap, start = 0) {
    this.map = map;
    this.start = start;
  }

  /**
   * Maps the map's memory at the first call. Returns undefined if the memory cannot be mapped. Throws ClosedError if
   * the map is closed.
   */
  memory(): MapMemory | undefined {
    const { flags, type, fd } = this.map;
    const mappable = type === BpfMapType.BPF_MAP_TYPE_ARENA || (flags & BpfMapFlag.BPF_F_MMAPABLE) !== 0;
    return mappable && fd >= 0 ? this.map.memory() : undefined;
  }

  /** Reads the whole section by a system call, and returns `size` bytes of it from `offset` on. */
  read(offset: number, size: number): Uint8Array<ArrayBuffer> {
    return (this.map.lookup(ONLY_KEY) as Uint8Array).slice(offset, offset + size) as Uint8Array<ArrayBuffer>;
  }

  /** Writes some bytes: reads the whole section, changes the bytes, and writes the whole section back. */
  write(offset: number, bytes: Uint8Array): void {
    const section = this.map.lookup(ONLY_KEY) as Uint8Array;
    section.set(bytes, offset);
    this.map.update(ONLY_KEY, section);
  }
}
