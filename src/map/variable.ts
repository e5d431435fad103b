import { type Btf, compileReader, compileWriter, type ValueReader } from "../btf/index.ts";
import { ClosedError, UsageError } from "../errors/index.ts";
import type { VariableSpec } from "../object/index.ts";
import type { DataSection } from "./data-section.ts";
import { type MapMemory, readableView, storeInteger } from "./map-memory.ts";
import { makeRoom } from "./room.ts";
import { atomic, type Integer, type IntegerArray, integerArray } from "./shared-integers.ts";

/** A variable's place in mapped memory, with what reads it there. */
interface Place {
  readonly memory: MapMemory;
  /** In bytes from the start of the memory. */
  readonly at: number;
  readonly view: DataView;
  /** For an integer that lies on a multiple of its size: it is then read and written in one step. */
  readonly integers: IntegerArray | undefined;
  /** Its index in {@link integers}. */
  readonly index: number;
}

/** A global variable of a loaded object, as its programs see it: read and written in the memory that they use. */
export class Variable {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** In a read-only section: frozen since the load. */
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
   * The value by its BTF type; a copy of the bytes where it has none. An integer is read in one step, of anything larger
   * a program may write a part meanwhile. Throws ClosedError once the object is closed.
   */
  // biome-ignore lint/suspicious/noExplicitAny: what BTF decodes to is known to the caller alone
  get value(): any {
    const place = this.#place ?? this.#open();
    if (place === undefined) return this.#decode(viewOf(this.#section.read(this.#spec.offset, this.size)), 0);
    if (place.memory.closed) throw new ClosedError(this.#section.map.what);
    if (place.integers !== undefined) return place.integers[place.index];
    return this.#decode(place.view, place.at);
  }

  /** Writes the variable's bytes; its neighbours stay as they are. Throws UsageError for a wrong type or range. */
  set value(next: unknown) {
    this.#checkWritable();
    const { bytes, view } = makeRoom(this.size);
    if (this.#btf !== undefined) compileWriter(this.#btf, this.#spec.typeId, { name: this.name })(view, 0, next);
    else if (next instanceof Uint8Array && next.length === this.size) bytes.set(next);
    else throw new UsageError(`variable ${this.name} has no BTF: it takes a Uint8Array of ${this.size} bytes`);
    const place = this.#place ?? this.#open();
    if (place === undefined) this.#section.write(this.#spec.offset, bytes);
    else if (place.integers !== undefined) storeInteger(this.#live(place).integers as IntegerArray, place.at, view);
    else new Uint8Array(this.#live(place).memory.buffer, place.at, this.size).set(bytes);
  }

  /**
   * Adds to an integer in one step, whatever programs do to it meanwhile; wraps round as C does. Returns what it was.
   * Throws UsageError for what is no aligned integer of 1, 2, 4 or 8 bytes in memory that can be mapped (5.5).
   */
  add(delta: Integer): Integer {
    return this.#atomic("add", delta);
  }

  /** Replaces an integer in one step, and returns what it was: to read a counter and start it anew. */
  exchange(value: Integer): Integer {
    return this.#atomic("exchange", value);
  }

  /** Replaces an integer if it is `expected`, in one step; returns what it was. */
  compareExchange(expected: Integer, value: Integer): Integer {
    return this.#atomic("compareExchange", expected, value);
  }

  #atomic(operation: "add" | "exchange" | "compareExchange", ...operands: Integer[]): Integer {
    this.#checkWritable();
    const place = this.#place ?? this.#open();
    if (place?.integers === undefined) {
      throw new UsageError(`variable ${this.name} is no integer that can be changed in one step`);
    }
    const { integers, index } = this.#live(place);
    return atomic(operation, integers as IntegerArray, index, `variable ${this.name}`, ...operands);
  }

  #checkWritable(): void {
    if (this.isConstant) throw new UsageError(`variable ${this.name} is constant: set it in the spec, before the load`);
  }

  #live(place: Place): Place {
    if (place.memory.closed) throw new ClosedError(this.#section.map.what);
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
