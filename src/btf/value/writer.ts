import { UsageError } from "../../errors/index.ts";
import { didYouMean, withArticle } from "../../layout/index.ts";
import type { Btf } from "../btf.ts";
import { formatType } from "../c-declaration.ts";
import type { TypeId } from "../types.ts";
import { writeBits, writeFewBits } from "./bits.ts";
import { type EnumNames, noMember, type Shape, shapeOf, tooShort } from "./shape.ts";

/**
 * Writes a value at byte `at` of a view. Throws a UsageError that names the wrong member, as in `event.ports[2]: 70000
 * does not fit into u16`. In this case some bytes may already have been written.
 */
export type ValueWriter = (view: DataView, at: number, value: unknown) => void;

export interface WriterOptions {
  /** The name of the value in errors; by default the type's name. */
  readonly name?: string | undefined;
}

interface Context {
  readonly btf: Btf;
  readonly done: Map<Shape, ValueWriter>;
}

/**
 * The error for a value that does not fit its type. Each enclosing struct or array adds its part to the front of the
 * path.
 */
class Misfit extends Error {
  path = "";
}

/** A compiled type. `whole` is true if the writer of this type always sets every byte. */
interface Compiled {
  readonly size: number;
  readonly write: ValueWriter;
  readonly whole: boolean;
}

const compiled = new WeakMap<Btf, Map<TypeId, Compiled>>();

/**
 * Returns a function that encodes a JavaScript value as the bytes of a type. The function is compiled once per type. It
 * accepts the values that a function of {@link compileReader} returns. It also accepts a safe integer for a bigint, an
 * enumerator's name for an enum, and a Uint8Array for any array of bytes. Members and last elements may be left out:
 * their bytes become zero. An unknown member is an error. If the value has several members of a union, they are written
 * in the order of the value.
 */
export function compileWriter(btf: Btf, id: TypeId, options: WriterOptions = {}): ValueWriter {
  let writers = compiled.get(btf);
  if (writers === undefined) {
    writers = new Map();
    compiled.set(btf, writers);
  }
  let entry = writers.get(id);
  if (entry === undefined) {
    const shape = shapeOf(btf, id);
    const whole = shape.kind === "int" || shape.kind === "float";
    entry = { size: shape.size, write: make(shape, { btf, done: new Map() }), whole };
    writers.set(id, entry);
  }
  const { size, write, whole } = entry;
  return (view, at, value) => {
    if (!(at >= 0 && at + size <= view.byteLength)) throw tooShort(btf, id, size, view, at);
    if (!whole) zero(view, at, size);
    try {
      write(view, at, value);
    } catch (error) {
      if (!(error instanceof Misfit)) throw error;
      throw new UsageError(`${options.name ?? (btf.name(id) || "value")}${error.path}: ${error.message}`);
    }
  };
}

/** Up to this many bytes, a loop is faster than creating an array for `fill()`. */
const LOOP = 64;

function zero(view: DataView, at: number, size: number): void {
  if (size > LOOP) new Uint8Array(view.buffer, view.byteOffset + at, size).fill(0);
  else for (let i = 0; i < size; i++) view.setUint8(at + i, 0);
}

function make(shape: Shape, context: Context): ValueWriter {
  let writer = context.done.get(shape);
  if (writer === undefined) {
    writer = makeNew(shape, context);
    context.done.set(shape, writer);
  }
  return writer;
}

function makeNew(shape: Shape, context: Context): ValueWriter {
  const { btf } = context;
  const what = () => formatType(btf, shape.type);
  switch (shape.kind) {
    case "int":
    case "bits": {
      const bits = shape.kind === "bits" ? shape.bits : 8 * shape.size;
      const check = shape.bool
        ? checkBool
        : checkInt(shape.signed, bits, shape.names, () => {
            return shape.kind === "bits" ? `${bits} bits of ${what()}` : what();
          });
      if (shape.kind === "bits") {
        const { shift } = shape;
        if (shift + bits <= 32) {
          return (view, at, value) => writeFewBits(view, at, shift, bits, btf.little, Number(check(value)));
        }
        return (view, at, value) => writeBits(view, at, shift, bits, btf.little, BigInt(check(value)));
      }
      return writeInt(shape.size, btf.little, check);
    }
    case "float": {
      const { size } = shape;
      return (view, at, value) => {
        if (typeof value !== "number") throw new Misfit(`${what()} needs a number, not ${show(value)}`);
        if (size === 8) view.setFloat64(at, value, btf.little);
        else if (Number.isFinite(value) && !Number.isFinite(Math.fround(value))) {
          throw new Misfit(`${value} does not fit into ${what()}`);
        } else view.setFloat32(at, value, btf.little);
      };
    }
    case "bytes":
      return writeBytes(shape.size, what);
    case "text":
      return writeText(shape.size, what);
    case "array":
      return writeArray(shape, make(shape.element, context), what);
    case "struct":
      return writeStruct(shape, context, what);
  }
}

type Int = number | bigint;

function checkBool(value: unknown): Int {
  if (typeof value === "boolean") return value ? 1 : 0;
  if (value === 0 || value === 1) return value;
  throw new Misfit(`${show(value)} is neither true nor false`);
}

function checkInt(
  signed: boolean,
  bits: number,
  names: EnumNames | undefined,
  what: () => string,
): (value: unknown) => Int {
  const low = signed ? -(1n << BigInt(bits - 1)) : 0n;
  const high = signed ? (1n << BigInt(bits - 1)) - 1n : (1n << BigInt(bits)) - 1n;
  const wide = bits > 53;
  const least = Number(low);
  const most = Number(high);
  return (value) => {
    let int = value;
    if (typeof value === "string" && names !== undefined) {
      int = names.values.get(value);
      if (int === undefined) {
        const help = didYouMean(value, names.values.keys());
        throw new Misfit(`${what()} has no enumerator ${JSON.stringify(value)}${help}`);
      }
    }
    if (typeof int === "number" && Number.isSafeInteger(int)) {
      if (wide ? BigInt(int) >= low && BigInt(int) <= high : int >= least && int <= most) return int;
    } else if (typeof int === "bigint") {
      if (int >= low && int <= high) return int;
    } else if (typeof int === "number" && Number.isInteger(int)) {
      throw new Misfit(`${int} is above 2^53, where numbers are not exact: use a bigint for ${what()}`);
    } else {
      throw new Misfit(`${what()} needs an integer, not ${show(int)}`);
    }
    throw new Misfit(`${int} does not fit into ${what()}`);
  };
}

function writeInt(size: number, little: boolean, check: (value: unknown) => Int): ValueWriter {
  switch (size) {
    case 1:
      return (view, at, value) => view.setUint8(at, Number(check(value)));
    case 2:
      return (view, at, value) => view.setUint16(at, Number(check(value)), little);
    case 4:
      return (view, at, value) => view.setUint32(at, Number(check(value)), little);
    case 8:
      return (view, at, value) => view.setBigUint64(at, BigInt(check(value)), little);
    default:
      return (view, at, value) => writeBits(view, at, 0, 8 * size, little, BigInt(check(value)));
  }
}

function writeBytes(size: number, what: () => string): ValueWriter {
  return (view, at, value) => {
    if (!(value instanceof Uint8Array)) throw new Misfit(`${what()} needs a Uint8Array, not ${show(value)}`);
    if (value.length > size) throw new Misfit(`${value.length} bytes do not fit into ${what()}`);
    new Uint8Array(view.buffer, view.byteOffset + at, size).set(value);
  };
}

const encoder = new TextEncoder();

function writeText(size: number, what: () => string): ValueWriter {
  const bytes = writeBytes(size, what);
  return (view, at, value) => {
    if (typeof value !== "string") {
      bytes(view, at, value);
      return;
    }
    if (value.includes("\0")) throw new Misfit(`${JSON.stringify(value)} contains a NUL, which would end the text`);
    const text = encoder.encode(value);
    if (text.length > size)
      throw new Misfit(`${JSON.stringify(value)} (${text.length} bytes) does not fit into ${what()}`);
    bytes(view, at, text);
  };
}

function writeArray(shape: Extract<Shape, { kind: "array" }>, write: ValueWriter, what: () => string): ValueWriter {
  const { length, element } = shape;
  const byte = element.kind === "int" && element.size === 1 && !element.bool;
  return (view, at, value) => {
    if (!Array.isArray(value) && !(byte && value instanceof Uint8Array)) {
      throw new Misfit(`${what()} needs an array, not ${show(value)}`);
    }
    if (value.length > length) throw new Misfit(`${value.length} elements do not fit into ${what()}`);
    for (let i = 0; i < value.length; i++) {
      try {
        write(view, at + i * element.size, value[i]);
      } catch (error) {
        throw inside(error, `[${i}]`);
      }
    }
  };
}

function writeStruct(shape: Extract<Shape, { kind: "struct" }>, context: Context, what: () => string): ValueWriter {
  const members = shape.members.map(({ name, offset, shape: inner }) => ({
    name,
    offset,
    write: make(inner, context),
    // An object inherits some properties, such as `constructor`. A member with such a name must be the object's own
    // property.
    inherited: name in Object.prototype,
  }));
  const names = new Set(members.map((member) => member.name));
  return (view, at, value) => {
    if (typeof value !== "object" || value === null || Array.isArray(value) || ArrayBuffer.isView(value)) {
      throw new Misfit(`${what()} needs an object, not ${show(value)}`);
    }
    let known = 0;
    for (let i = 0; i < members.length; i++) {
      const { name, offset, write, inherited } = members[i] as (typeof members)[number];
      if (inherited && !Object.hasOwn(value, name)) continue;
      const member = (value as Record<string, unknown>)[name];
      if (member === undefined) continue;
      known++;
      try {
        write(view, at + offset, member);
      } catch (error) {
        throw inside(error, `.${name}`);
      }
    }
    const keys = Object.keys(value);
    if (keys.length === known) return;
    for (const key of keys) {
      if (!names.has(key)) throw new Misfit(noMember(context.btf, shape, key));
    }
  };
}

function inside(error: unknown, step: string): unknown {
  if (error instanceof Misfit) error.path = step + error.path;
  return error;
}

/** Formats a value for a message. */
function show(value: unknown): string {
  switch (typeof value) {
    case "string":
      return JSON.stringify(value);
    case "bigint":
    case "number":
    case "boolean":
    case "undefined":
      return String(value);
    default:
      return value === null ? "null" : Array.isArray(value) ? "an array" : withArticle(typeof value);
  }
}
