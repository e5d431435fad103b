import { UsageError } from "../../errors/index.ts";
import { didYouMean } from "../../layout/index.ts";
import type { Btf } from "../btf.ts";
import { formatType } from "../c-declaration.ts";
import type { BtfMember, TypeId } from "../types.ts";
import { checkValues, MAX_DEPTH } from "./value-budget.ts";

interface Sized {
  /** The declared type, for messages. */
  readonly type: TypeId;
  /** The size in bytes. */
  readonly size: number;
}
/** A member of a struct or union. Members of an anonymous member count as members of the struct itself. */
export interface ShapeMember {
  readonly name: string;
  /** The offset in bytes. */
  readonly offset: number;
  readonly shape: Shape;
}
/** The enumerators of an enum. If several enumerators have the same number, `names` contains the first of them. */
export interface EnumNames {
  readonly names: ReadonlyMap<number | bigint, string>;
  readonly values: ReadonlyMap<string, number | bigint>;
}
/** How to read the bytes of a type. All references to other types are resolved and checked. */
export type Shape =
  | (Sized & { readonly kind: "int"; readonly signed: boolean; readonly bool: boolean; readonly names?: EnumNames })
  | (Sized & {
      readonly kind: "bits";
      /** Bit offset from the first byte; below 8 for a member. */
      readonly shift: number;
      readonly bits: number;
      readonly signed: boolean;
      readonly bool: boolean;
      readonly names?: EnumNames;
    })
  | (Sized & { readonly kind: "float" | "bytes" | "text" })
  | (Sized & { readonly kind: "array"; readonly element: Shape; readonly length: number })
  | (Sized & { readonly kind: "struct"; readonly members: readonly ShapeMember[] });
/** Returns the error text for a member that a struct or union does not have. */
export function noMember(btf: Btf, { type, members }: Extract<Shape, { kind: "struct" }>, name: string): string {
  const names = members.map((member) => member.name);
  const known = names.length > MOST_MEMBERS ? [...names.slice(0, MOST_MEMBERS), "…"] : names;
  const help = didYouMean(name, names) || `; it has ${known.length === 0 ? "no members" : known.join(", ")}`;
  return `${formatType(btf, type)} has no member ${JSON.stringify(name)}${help}`;
}

/** An error lists at most this many members. */
const MOST_MEMBERS = 10;

type IntShape = Extract<Shape, { kind: "int" | "bits" }>;

/** Decodes the value at byte `at` of a view. Throws UsageError if the view is too short for the type. */
export type ValueReader = (view: DataView, at: number) => unknown;

const known = new WeakMap<Btf, Map<TypeId, Shape>>();

/** Returns the shape of a type. Throws FormatError for a type that has no values or that contradicts itself. */
export function shapeOf(btf: Btf, id: TypeId, depth = 0): Shape {
  let shapes = known.get(btf);
  if (shapes === undefined) {
    shapes = new Map();
    known.set(btf, shapes);
  }
  let shape = shapes.get(id);
  if (shape === undefined) {
    if (depth > MAX_DEPTH) throw btf.error(id, `nests more than ${MAX_DEPTH} types deep`);
    checkValues(btf, id);
    shape = makeShape(btf, id, depth);
    shapes.set(id, shape);
  }
  return shape;
}

function makeShape(btf: Btf, id: TypeId, depth: number): Shape {
  const type = btf.type(id);
  switch (type.kind) {
    case "typedef":
    case "volatile":
    case "const":
    case "restrict":
    case "type_tag":
    case "var":
      return { ...shapeOf(btf, type.type, depth + 1), type: id };
    case "int": {
      const { size, signed, bool, bits, bitOffset } = type;
      if (bits === 0) throw btf.error(id, "is an int of 0 bits");
      const int = { type: id, size, signed, bool };
      if (bits === 8 * size && (size & (size - 1)) === 0) return { kind: "int", ...int };
      return { kind: "bits", ...int, shift: bitOffset, bits };
    }
    case "enum":
    case "enum64": {
      const { size, signed } = type;
      if (![1, 2, 4, 8].includes(size))
        throw btf.error(id, `is an enum of ${size} bytes; only 1, 2, 4 and 8 are possible`);
      const names = new Map<number | bigint, string>();
      const values = new Map<string, number | bigint>();
      for (const { name, value } of type.values) {
        const plain = size === 8 ? BigInt(value) : Number(value);
        if (!names.has(plain)) names.set(plain, name);
        values.set(name, plain);
      }
      return { kind: "int", type: id, size, signed, bool: false, names: { names, values } };
    }
    case "ptr":
      return { kind: "int", type: id, size: btf.pointerSize, signed: false, bool: false };
    case "float": {
      const { size } = type;
      return { kind: size === 4 || size === 8 ? "float" : "bytes", type: id, size };
    }
    case "array": {
      const { length } = type;
      const element = shapeOf(btf, type.type, depth + 1);
      const size = length * element.size;
      if (!Number.isSafeInteger(size)) throw btf.error(id, "is larger than 2^53 bytes");
      if (isChar(btf, type.type)) return { kind: "text", type: id, size };
      return { kind: "array", type: id, size, element, length };
    }
    case "struct":
    case "union":
      return structShape(btf, id, type.size, type.members, depth);
    case "datasec": {
      const members: ShapeMember[] = [];
      let { size } = type;
      for (const variable of type.variables) {
        // A DATASEC of .ksyms also lists functions.
        const target = btf.type(variable.type);
        if (target.kind !== "var") continue;
        const shape = shapeOf(btf, variable.type, depth + 1);
        members.push({ name: target.name, offset: variable.offset, shape });
        size = Math.max(size, variable.offset + shape.size);
      }
      return { kind: "struct", type: id, size, members };
    }
    default:
      throw btf.error(id, `(${type.kind} ${type.name}) has no values`);
  }
}

function structShape(btf: Btf, id: TypeId, size: number, list: readonly BtfMember[], depth: number): Shape {
  const members: ShapeMember[] = [];
  for (const member of list) {
    let shape = shapeOf(btf, member.type, depth + 1);
    let offset = Math.floor(member.bitOffset / 8);
    if (member.bitSize > 0 || member.bitOffset % 8 !== 0 || shape.kind === "bits") {
      if (shape.kind !== "int" && shape.kind !== "bits") {
        throw btf.error(
          id,
          `has ${memberText(member.name)} at bit ${member.bitOffset}, but only an integer can be a bitfield or begin inside a byte`,
        );
      }
      // Old BTF has no kind_flag. There the width of a bitfield is the width of its INT.
      const inner = shape.kind === "bits" ? shape.shift : 0;
      const width = member.bitSize > 0 ? member.bitSize : shape.kind === "bits" ? shape.bits : 8 * shape.size;
      const placed = bitsOf(btf, id, shape, member.bitOffset + inner, width);
      shape = placed.shape;
      offset = placed.offset;
      if (8 * offset + (shape.kind === "bits" ? shape.shift + shape.bits : 8 * shape.size) > 8 * size) {
        throw btf.error(id, `has ${memberText(member.name)} that ends past the type's ${size} bytes`);
      }
    } else if (offset + shape.size > size) {
      throw btf.error(id, `has ${memberText(member.name)} that ends past the type's ${size} bytes`);
    }
    if (member.name !== "") {
      members.push({ name: member.name, offset, shape });
    } else if (shape.kind === "struct") {
      for (const inner of shape.members) members.push({ ...inner, offset: offset + inner.offset });
    }
  }
  return { kind: "struct", type: id, size, members };
}

/** Returns the shape of an integer of `bits` bits at a bit offset: a plain "int" if it covers whole bytes. */
function bitsOf(
  btf: Btf,
  id: TypeId,
  whole: IntShape,
  bitOffset: number,
  bits: number,
): { shape: IntShape; offset: number } {
  const offset = Math.floor(bitOffset / 8);
  const shift = bitOffset % 8;
  if (bits > 8 * whole.size) throw btf.error(id, `has a bitfield of ${bits} bits in ${whole.size} bytes`);
  if (whole.kind === "int" && shift === 0 && bits === 8 * whole.size) return { shape: whole, offset };
  const { type, size, signed, bool } = whole;
  const names = whole.names === undefined ? {} : { names: whole.names };
  return { shape: { kind: "bits", type, size, shift, bits, signed, bool, ...names }, offset };
}

/** Returns true if a type is C's `char`, so that an array of it is text. */
function isChar(btf: Btf, id: TypeId): boolean {
  const type = btf.type(btf.resolve(id));
  return type.kind === "int" && type.size === 1 && type.bits === 8 && (type.char || type.name === "char");
}

/** Creates the error for a view that is too short for the type. */
export function tooShort(btf: Btf, id: TypeId, size: number, view: DataView, at: number): UsageError {
  return new UsageError(
    `${formatType(btf, id)} takes ${size} bytes, but the view has only ${view.byteLength - at} from offset ${at} on`,
  );
}

function memberText(name: string): string {
  return name === "" ? "a member without a name" : `the member ${name}`;
}
