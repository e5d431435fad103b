import { objectReader, signedWordReader, wordReader } from "../../layout/index.ts";
import type { Btf } from "../btf.ts";
import type { TypeId } from "../types.ts";
import { readBits, readFewBits } from "./bits.ts";
import { type EnumNames, type Shape, shapeOf, tooShort, type ValueReader } from "./shape.ts";

export interface ReaderOptions {
  /** An enum is read as its number (default) or as its name, if it has one. */
  readonly enums?: "numbers" | "names" | undefined;
}

interface Context {
  readonly little: boolean;
  readonly names: boolean;
  readonly done: Map<Shape, ValueReader>;
}

const compiled = new WeakMap<Btf, Map<string, ValueReader>>();

/**
 * Returns a function that decodes the bytes of a type to a JavaScript value. The function is compiled once per type.
 *
 * - Integers and enums of up to 32 bits become numbers. Wider ones and pointers become bigints. A bool becomes a
 *   boolean.
 * - An array becomes an array. An array of `char` becomes the text up to its NUL, or a Uint8Array if it is not UTF-8.
 * - A struct, a union or a DATASEC becomes an object with all members, including those of anonymous members.
 * - `float` and `double` become numbers; other floating point types become a Uint8Array.
 *
 * Throws FormatError for a type that has no values.
 */
export function compileReader(btf: Btf, id: TypeId, options: ReaderOptions = {}): ValueReader {
  let readers = compiled.get(btf);
  if (readers === undefined) {
    readers = new Map();
    compiled.set(btf, readers);
  }
  const key = `${id} ${options.enums ?? "numbers"}`;
  let reader = readers.get(key);
  if (reader === undefined) {
    const shape = shapeOf(btf, id);
    const read = make(shape, { little: btf.little, names: options.enums === "names", done: new Map() });
    reader = (view, at) => {
      if (!(at >= 0 && at + shape.size <= view.byteLength)) throw tooShort(btf, id, shape.size, view, at);
      return read(view, at);
    };
    readers.set(key, reader);
  }
  return reader;
}

function make(shape: Shape, context: Context): ValueReader {
  let reader = context.done.get(shape);
  if (reader === undefined) {
    reader = makeNew(shape, context);
    context.done.set(shape, reader);
  }
  return reader;
}

function makeNew(shape: Shape, context: Context): ValueReader {
  switch (shape.kind) {
    case "int": {
      const read = shape.bool ? readBool(shape.size) : readInt(shape.size, shape.signed, context.little);
      return named(read, context.names ? shape.names : undefined);
    }
    case "bits": {
      const read = readBitfield(shape.shift, shape.bits, shape.signed, context.little);
      if (shape.bool) return (view, at) => Number(read(view, at)) !== 0;
      const wide = shape.names !== undefined && shape.size === 8;
      // The keys of `names` are bigints if the enum has 8 bytes, even if the bitfield is narrow.
      return named(read, context.names ? shape.names : undefined, wide);
    }
    case "float": {
      const { little } = context;
      return shape.size === 4 ? (view, at) => view.getFloat32(at, little) : (view, at) => view.getFloat64(at, little);
    }
    case "bytes": {
      const { size } = shape;
      return (view, at) => bytesAt(view, at, size).slice();
    }
    case "text": {
      const { size } = shape;
      return (view, at) => readText(bytesAt(view, at, size));
    }
    case "array": {
      const read = make(shape.element, context);
      const stride = shape.element.size;
      const { length } = shape;
      return (view, at) => {
        const out: unknown[] = [];
        for (let i = 0; i < length; i++) out.push(read(view, at + i * stride));
        return out;
      };
    }
    case "struct":
      return objectReader(
        shape.members.map(({ name, offset, shape: member }) => ({ name, offset, read: make(member, context) })),
      );
  }
}

function named(read: ValueReader, names: EnumNames | undefined, wide = false): ValueReader {
  if (names === undefined) return read;
  return (view, at) => {
    const value = read(view, at) as number | bigint;
    return names.names.get(wide ? BigInt(value) : value) ?? value;
  };
}

function readBool(size: number): ValueReader {
  if (size === 1) return (view, at) => view.getUint8(at) !== 0;
  return (view, at) => bytesAt(view, at, size).some((byte) => byte !== 0);
}

function readInt(size: number, signed: boolean, little: boolean): ValueReader {
  switch (size) {
    case 1:
      return signed ? (view, at) => view.getInt8(at) : (view, at) => view.getUint8(at);
    case 2:
      return signed ? (view, at) => view.getInt16(at, little) : (view, at) => view.getUint16(at, little);
    case 4:
      return signed ? (view, at) => view.getInt32(at, little) : (view, at) => view.getUint32(at, little);
    case 8:
      return signed ? signedWordReader(little) : wordReader(little);
    default:
      return readBitfield(0, 8 * size, signed, little);
  }
}

function readBitfield(shift: number, bits: number, signed: boolean, little: boolean): ValueReader {
  if (shift + bits <= 32) {
    const spare = 32 - bits;
    return signed
      ? (view, at) => (readFewBits(view, at, shift, bits, little) << spare) >> spare
      : (view, at) => readFewBits(view, at, shift, bits, little);
  }
  const read = (view: DataView, at: number): bigint => {
    const value = readBits(view, at, shift, bits, little);
    return signed ? BigInt.asIntN(bits, value) : value;
  };
  return bits <= 32 ? (view, at) => Number(read(view, at)) : read;
}

function bytesAt(view: DataView, at: number, size: number): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset + at, size);
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function readText(bytes: Uint8Array): string | Uint8Array {
  const nul = bytes.indexOf(0);
  const end = nul < 0 ? bytes.length : nul;
  let text = "";
  for (let i = 0; i < end; i++) {
    const c = bytes[i] as number;
    if (c > 0x7f || i === 64) return decodeUtf8(bytes, end);
    text += String.fromCharCode(c);
  }
  return text;
}

function decodeUtf8(bytes: Uint8Array, end: number): string | Uint8Array {
  try {
    return decoder.decode(bytes.subarray(0, end));
  } catch {
    return bytes.slice();
  }
}
