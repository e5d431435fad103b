import {
  type Btf,
  BtfKind,
  type BtfMember,
  type BtfType,
  countValues,
  formatSignature,
  type TypeId,
} from "../../btf/index.ts";
import { formatHex, hexByte } from "../../layout/index.ts";
import { Formatted, formatNested, type JsonValue } from "./json-writer.ts";

/**
 * The most levels of nested types that are formatted. BTF that the kernel has accepted has fewer levels
 * (MAX_RESOLVE_DEPTH, kernel/bpf/btf.c).
 */
const MAX_DEPTH = 64;
const PRINTABLE = /^[\x20-\x7e]*$/;
/** The indentation of one level of pretty JSON. */
const STEP = "    ";

/** Formats the value at byte `at` of a view. */
export type ValueFormatter = (view: DataView, at: number) => string;

/** How values are formatted. */
export interface ValueStyle {
  /**
   * True for the style of bpftool's text output: pointers are in quotes; bitfields, 128-bit numbers and unprintable
   * characters are not.
   */
  readonly plain: boolean;
  /** The line end with the indentation of the value, for pretty JSON; undefined for compact JSON. */
  readonly eol: string | undefined;
  /**
   * For a struct of callbacks: returns the name of a program by its id, or undefined if the name is not known. Pointers
   * to functions are then the ids of programs.
   */
  readonly programName?: ((id: number) => string | undefined) | undefined;
}

/**
 * Formats a value of a BTF type as bpftool does: enums by name, pointers as numbers, char arrays with a NUL as text if
 * they are printable, bitfields and 128-bit numbers as hexadecimal text. `plain` selects the style of bpftool's text
 * output; see {@link ValueStyle}. Unlike in bpftool, float and double are numbers. Returns null if the view is too
 * short.
 */
export function btfValue(btf: Btf, id: TypeId, view: DataView, at: number, plain: boolean): JsonValue {
  const { size, tooMuch } = countValues(btf, id);
  if (tooMuch === undefined && !(at >= 0 && at + size <= view.byteLength)) return null;
  return new Formatted((eol) => compileFormatter(btf, id, { plain, eol })(view, at));
}

const compiled = new WeakMap<Btf, Map<string, ValueFormatter>>();

/**
 * Returns a function that formats values of a type as {@link btfValue} does. The function is compiled once per type and
 * style.
 */
export function compileFormatter(btf: Btf, id: TypeId, style: ValueStyle): ValueFormatter {
  if (style.programName !== undefined) return withinBounds(btf, id, style);
  let formatters = compiled.get(btf);
  if (formatters === undefined) {
    formatters = new Map();
    compiled.set(btf, formatters);
  }
  const key = `${id} ${style.plain} ${style.eol?.length}`;
  let format = formatters.get(key);
  if (format === undefined) {
    format = withinBounds(btf, id, style);
    formatters.set(key, format);
  }
  return format;
}

/**
 * Returns a formatter that prints a note instead of the value if the type has too many values. Otherwise a malicious
 * program could make the listings of all users endless.
 */
function withinBounds(btf: Btf, id: TypeId, style: ValueStyle): ValueFormatter {
  const { size, tooMuch } = countValues(btf, id);
  if (tooMuch !== undefined) {
    const text = formatNested(`type ${tooMuch.type} ${tooMuch.problem}`, undefined);
    return () => text;
  }
  const format = make(btf, id, style, 0);
  return (view, at) => {
    if (!(at >= 0 && at + size <= view.byteLength)) return "null";
    try {
      return format(view, at);
    } catch (error) {
      // Malicious BTF may declare a member beyond the end of its struct.
      if (error instanceof RangeError) return "null";
      throw error;
    }
  };
}

const nothing: ValueFormatter = () => "null";

function make(btf: Btf, id: TypeId, style: ValueStyle, depth: number): ValueFormatter {
  if (depth > MAX_DEPTH) return nothing;
  const type = btf.type(btf.resolve(id));
  switch (type.kind) {
    case "int":
      return makeInt(type, 0, style, btf.little);
    case "ptr":
      return makePointer(btf, type.type, style);
    case "enum":
    case "enum64":
      return makeEnum(type, btf.little);
    case "float":
      return makeFloat(type.size, btf.little);
    case "array":
      return makeArray(btf, type, style, depth);
    case "struct":
    case "union":
      return makeObject(
        type.members.map((member) => makeMember(btf, member, inside(style), depth)),
        style,
      );
    case "var": {
      const format = make(btf, type.type, inside(style), depth + 1);
      return makeObject([{ name: type.name, format, offset: 0 }], style);
    }
    case "datasec": {
      // The value is an object with one array. The elements of the array are objects with one variable each. The array
      // adds one level of indentation.
      const elements = inside(style);
      const variables = type.variables.map(({ type: variable, offset }) => ({
        offset,
        format: make(btf, variable, inside(elements), depth + 1),
      }));
      const list: ValueFormatter = (view, at) =>
        arrayOf(
          variables.map(({ format, offset }) => format(view, at + offset)),
          elements,
        );
      return makeObject([{ name: type.name, format: list, offset: 0 }], style);
    }
    default:
      return nothing;
  }
}

function inside(style: ValueStyle): ValueStyle {
  return { ...style, eol: style.eol === undefined ? undefined : `${style.eol}${STEP}` };
}

function arrayOf(values: readonly string[], { eol }: ValueStyle): string {
  return values.length === 0 ? "[]" : `[${values.join(",")}${eol ?? ""}]`;
}

interface Member {
  readonly name: string;
  readonly offset: number;
  readonly format: ValueFormatter;
}

function makeObject(members: readonly Member[], { eol }: ValueStyle): ValueFormatter {
  if (members.length === 0) return () => "{}";
  const colon = eol === undefined ? ":" : ": ";
  const start = eol === undefined ? "" : `${eol}${STEP}`;
  const heads = members.map(({ name }, i) => `${i === 0 ? "{" : ","}${start}${formatNested(name, undefined)}${colon}`);
  const end = `${eol ?? ""}}`;
  const formats = members.map(({ format }) => format);
  const offsets = members.map(({ offset }) => offset);
  return (view, at) => {
    let text = "";
    for (let i = 0; i < heads.length; i++) {
      text += heads[i] as string;
      text += (formats[i] as ValueFormatter)(view, at + (offsets[i] as number));
    }
    return text + end;
  };
}

/** Compiles the formatter of a member. In old BTF, a bitfield is described by an integer type with a bit offset. */
function makeMember(
  btf: Btf,
  { name, type: id, bitOffset, bitSize }: BtfMember,
  style: ValueStyle,
  depth: number,
): Member {
  const offset = Math.floor(bitOffset / 8);
  const bit = bitOffset % 8;
  if (bitSize > 0) return { name, offset, format: makeBits(bit, bitSize, style, btf.little) };
  const type = btf.type(btf.resolve(id));
  if (bit > 0 && type.kind === "int") return { name, offset, format: makeInt(type, bit, style, btf.little) };
  return { name, offset, format: make(btf, id, style, depth + 1) };
}

function makeInt(
  { bits, bitOffset, bool, char, signed }: Extract<BtfType, { kind: "int" }>,
  bit: number,
  style: ValueStyle,
  little: boolean,
): ValueFormatter {
  if (bit > 0 || bitOffset > 0 || ![8, 16, 32, 64].includes(bits)) {
    const start = bit + bitOffset;
    const format = makeBits(start & 7, bits, style, little);
    return (view, at) => format(view, at + (start >>> 3));
  }
  if (bool) return (view, at) => (view.getUint8(at) !== 0 ? "true" : "false");
  if (char) return (view, at) => characterText(view.getUint8(at), style.plain);
  switch (bits) {
    case 8:
      return signed ? (view, at) => `${view.getInt8(at)}` : (view, at) => `${view.getUint8(at)}`;
    case 16:
      return signed ? (view, at) => `${view.getInt16(at, little)}` : (view, at) => `${view.getUint16(at, little)}`;
    case 32:
      return signed ? (view, at) => `${view.getInt32(at, little)}` : (view, at) => `${view.getUint32(at, little)}`;
    default:
      return signed ? (view, at) => `${view.getBigInt64(at, little)}` : (view, at) => u64Text(view, at, little);
  }
}

const TWO32 = 0x100000000;

/**
 * Formats an unsigned 64-bit number. Most numbers fit a double, and formatting a double takes a quarter of the time of
 * a bigint.
 */
function u64Text(view: DataView, at: number, little: boolean): string {
  const high = view.getUint32(little ? at + 4 : at, little);
  if (high < 0x200000) return `${high * TWO32 + view.getUint32(little ? at : at + 4, little)}`;
  return `${view.getBigUint64(at, little)}`;
}

function characterText(code: number, plain: boolean): string {
  if (code >= 0x20 && code < 0x7f) return formatNested(String.fromCharCode(code), undefined);
  return plain ? `0x${code.toString(16)}` : `"\\u00${hexByte(code)}"`;
}

function makePointer(btf: Btf, target: TypeId, style: ValueStyle): ValueFormatter {
  const { little, pointerSize } = btf;
  const read = (view: DataView, at: number): bigint =>
    pointerSize === 4 ? BigInt(view.getUint32(at, little)) : view.getBigUint64(at, little);
  const address = makeAddress(read, style);
  const { programName } = style;
  const signature = programName === undefined ? "" : signatureOf(btf, target);
  if (programName === undefined || signature === "") return address;
  return (view, at) => {
    const value = read(view, at);
    if (value > MAX_U32) return address(view, at);
    const id = Number(value);
    const program = id === 0 ? "0" : `${programName(id) ?? "<unknown_prog_name>"}/prog_id:${id}`;
    return formatNested(`${signature} ${program}`, undefined);
  };
}

/** Returns the prototype as text if the type is a function. Otherwise returns "". */
function signatureOf(btf: Btf, id: TypeId): string {
  const target = btf.resolve(id);
  return btf.kind(target) === BtfKind.FUNC_PROTO ? formatSignature(btf, target) : "";
}

const MAX_U32 = 0xffffffffn;

function makeAddress(read: (view: DataView, at: number) => bigint, { plain }: ValueStyle): ValueFormatter {
  if (!plain) return (view, at) => `${read(view, at)}`;
  return (view, at) => {
    const value = read(view, at);
    return value === 0n ? '"(nil)"' : `"0x${value.toString(16)}"`;
  };
}

function makeEnum(type: Extract<BtfType, { kind: "enum" | "enum64" }>, little: boolean): ValueFormatter {
  const names = new Map<bigint, string>();
  for (const { name, value } of type.values) {
    // Compare 32-bit enumerators as signed numbers, as bpftool does.
    const key = typeof value === "bigint" ? BigInt.asIntN(64, value) : BigInt(value | 0);
    if (!names.has(key)) names.set(key, formatNested(name, undefined));
  }
  return (view, at) => {
    const value = signedOf(view, at, type.size, little);
    return names.get(value) ?? `${value}`;
  };
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

function makeFloat(size: number, little: boolean): ValueFormatter {
  if (size === 8) return (view, at) => formatNested(view.getFloat64(at, little), undefined);
  if (size === 4) return (view, at) => formatNested(view.getFloat32(at, little), undefined);
  // JavaScript has no number type for a long double. So show its bytes, the most significant byte first.
  return (view, at) => {
    const bytes = [...new Uint8Array(view.buffer, view.byteOffset + at, size)];
    return `"0x${formatHex(Uint8Array.from(little ? bytes.reverse() : bytes))}"`;
  };
}

function makeBits(bit: number, bits: number, { plain }: ValueStyle, little: boolean): ValueFormatter {
  const bytes = (bit + bits + 7) >>> 3;
  const shift = BigInt(little ? bit : bytes * 8 - bit - bits);
  const quote = plain ? "" : '"';
  return (view, at) => {
    let value = 0n;
    for (let i = 0; i < bytes; i++) value = (value << 8n) | BigInt(view.getUint8(little ? at + bytes - 1 - i : at + i));
    return `${quote}0x${BigInt.asUintN(bits, value >> shift).toString(16)}${quote}`;
  };
}

function makeArray(
  btf: Btf,
  { type: element, length }: Extract<BtfType, { kind: "array" }>,
  style: ValueStyle,
  depth: number,
): ValueFormatter {
  if (length === 0) return () => "[]";
  const format = make(btf, element, inside(style), depth + 1);
  const step = btf.sizeOf(element);
  const end = `${style.eol ?? ""}]`;
  const list: ValueFormatter = (view, at) => {
    let text = `[${format(view, at)}`;
    for (let i = 1; i < length; i++) text += `,${format(view, at + i * step)}`;
    return text + end;
  };
  if (!isCharacter(withoutModifiers(btf, element))) return list;
  return (view, at) => {
    const text = textIn(view, at, length);
    return text === undefined ? list(view, at) : formatNested(text, undefined);
  };
}

function isCharacter(type: BtfType): boolean {
  return type.kind === "int" && type.size === 1 && (type.char || type.name === "char");
}

/**
 * Returns the text in a char array. Returns undefined unless the array has a NUL and all characters before the NUL are
 * printable.
 */
function textIn(view: DataView, at: number, length: number): string | undefined {
  let text = "";
  for (let i = 0; i < length; i++) {
    const code = view.getUint8(at + i);
    if (code === 0) return PRINTABLE.test(text) ? text : undefined;
    text += String.fromCharCode(code);
  }
  return undefined;
}

/** Skips const, volatile and restrict, but no typedef. bpftool looks for `char` in this way. */
function withoutModifiers(btf: Btf, id: TypeId): BtfType {
  let type = btf.type(id);
  for (let depth = 0; depth < MAX_DEPTH; depth++) {
    if (type.kind !== "const" && type.kind !== "volatile" && type.kind !== "restrict") break;
    type = btf.type(type.type);
  }
  return type;
}
