import type { Btf, BtfType, TypeId } from "../btf/index.ts";
import { type JsonValue, RawText } from "./json-writer.ts";

/** The kernel verifies the nesting of types (MAX_RESOLVE_DEPTH, kernel/bpf/btf.c); this only ends the rest. */
const MAX_DEPTH = 64;
const PRINTABLE = /^[\x20-\x7e]*$/;

/**
 * A value of a BTF type as bpftool shows it: enums by name, pointers as numbers, char arrays that end and print as
 * text, bitfields and 128-bit numbers as hexadecimal text. `plain` is the style of its text output, in which the
 * hexadecimal forms are bare. Unlike bpftool, float and double are numbers.
 */
export function btfValue(btf: Btf, id: TypeId, view: DataView, at: number, plain: boolean, depth = 0): JsonValue {
  if (depth > MAX_DEPTH) return null;
  const type = btf.type(btf.resolve(id));
  const size = type.kind === "array" ? btf.sizeOf(type.id) : "size" in type ? type.size : type.kind === "ptr" ? 8 : 0;
  if (at < 0 || at + size > view.byteLength) return null;
  const { little } = btf;
  switch (type.kind) {
    case "int":
      return intValue(type, view, at, 0, plain, little);
    case "ptr": {
      const value = view.getBigUint64(at, little);
      if (!plain) return value;
      return value === 0n ? "(nil)" : `0x${value.toString(16)}`;
    }
    case "enum": {
      const value = signedOf(view, at, type.size, little);
      // The names' values are compared as C does: 32 bits, signed.
      return type.values.find((entry) => BigInt(entry.value | 0) === value)?.name ?? value;
    }
    case "enum64": {
      const value = view.getBigInt64(at, little);
      return type.values.find((entry) => BigInt.asIntN(64, entry.value) === value)?.name ?? value;
    }
    case "float":
      if (type.size === 8) return view.getFloat64(at, little);
      return type.size === 4 ? view.getFloat32(at, little) : null;
    case "array": {
      const text = arrayText(btf, type, view, at);
      if (text !== undefined) return text;
      const step = btf.sizeOf(type.type);
      return Array.from({ length: type.length }, (_, i) =>
        btfValue(btf, type.type, view, at + i * step, plain, depth + 1),
      );
    }
    case "struct":
    case "union": {
      const members: { [name: string]: JsonValue } = {};
      for (const { name, type: member, bitOffset, bitSize } of type.members) {
        const start = at + (bitOffset >>> 3);
        members[name] =
          bitSize > 0
            ? bitsValue(view, start, bitOffset & 7, bitSize, plain, little)
            : memberValue(btf, member, view, start, bitOffset & 7, plain, depth + 1);
      }
      return members;
    }
    default:
      return null;
  }
}

/** A member; old BTF has bitfields as integers that start within a byte. */
function memberValue(
  btf: Btf,
  id: TypeId,
  view: DataView,
  at: number,
  bit: number,
  plain: boolean,
  depth: number,
): JsonValue {
  const type = btf.type(btf.resolve(id));
  if (bit > 0 && type.kind === "int") return intValue(type, view, at, bit, plain, btf.little);
  return btfValue(btf, id, view, at, plain, depth);
}

function signedOf(view: DataView, at: number, size: number, little: boolean): bigint {
  switch (size) {
    case 1:
      return BigInt(view.getInt8(at));
    case 2:
      return BigInt(view.getInt16(at, little));
    case 8:
      return view.getBigInt64(at, little);
    default:
      return BigInt(view.getInt32(at, little));
  }
}

function intValue(
  type: Extract<BtfType, { kind: "int" }>,
  view: DataView,
  at: number,
  bit: number,
  plain: boolean,
  little: boolean,
): JsonValue {
  const { bits, bitOffset } = type;
  if (bit > 0 || bitOffset > 0 || ![8, 16, 32, 64].includes(bits)) {
    const start = bit + bitOffset;
    return bitsValue(view, at + (start >>> 3), start & 7, bits, plain, little);
  }
  if (type.bool) return view.getUint8(at) !== 0;
  if (type.char) {
    const code = view.getUint8(at);
    if (code >= 0x20 && code < 0x7f) return String.fromCharCode(code);
    const digits = code.toString(16);
    return new RawText(plain ? `0x${digits}` : `"\\u00${digits.padStart(2, "0")}"`);
  }
  const value = signedOf(view, at, bits / 8, little);
  return type.signed ? value : BigInt.asUintN(bits, value);
}

function bitsValue(view: DataView, at: number, bit: number, bits: number, plain: boolean, little: boolean): JsonValue {
  const bytes = (bit + bits + 7) >>> 3;
  if (at + bytes > view.byteLength) return null;
  let value = 0n;
  for (let i = 0; i < bytes; i++) value = (value << 8n) | BigInt(view.getUint8(little ? at + bytes - 1 - i : at + i));
  const text = `0x${BigInt.asUintN(bits, value >> BigInt(little ? bit : bytes * 8 - bit - bits)).toString(16)}`;
  return plain ? new RawText(text) : text;
}

/** The text in a char array: only where it ends within, and all before the end prints. */
function arrayText(
  btf: Btf,
  array: Extract<BtfType, { kind: "array" }>,
  view: DataView,
  at: number,
): string | undefined {
  if (array.length === 0) return undefined;
  const element = withoutModifiers(btf, array.type);
  if (element.kind !== "int" || element.size !== 1 || !(element.char || element.name === "char")) return undefined;
  let text = "";
  for (let i = 0; i < array.length; i++) {
    const code = view.getUint8(at + i);
    if (code === 0) return PRINTABLE.test(text) ? text : undefined;
    text += String.fromCharCode(code);
  }
  return undefined;
}

/** Through const, volatile and restrict, but not through a typedef, as bpftool looks for `char`. */
function withoutModifiers(btf: Btf, id: TypeId): BtfType {
  let type = btf.type(id);
  for (let depth = 0; depth < MAX_DEPTH; depth++) {
    if (type.kind !== "const" && type.kind !== "volatile" && type.kind !== "restrict") break;
    type = btf.type(type.type);
  }
  return type;
}
