import { UsageError } from "../errors/index.ts";
import { BtfKind, type BtfType, type TypeId } from "./types.ts";

type WithoutId<T> = T extends { readonly id: TypeId } ? Omit<T, "id"> : never;
/** A type to encode: a {@link BtfType} without an id. An id in the object is ignored. */
export type NewBtfType = WithoutId<Exclude<BtfType, { kind: "void" }>>;

const KINDS: Readonly<Record<NewBtfType["kind"], number>> = {
  int: BtfKind.INT,
  ptr: BtfKind.PTR,
  array: BtfKind.ARRAY,
  struct: BtfKind.STRUCT,
  union: BtfKind.UNION,
  enum: BtfKind.ENUM,
  fwd: BtfKind.FWD,
  typedef: BtfKind.TYPEDEF,
  volatile: BtfKind.VOLATILE,
  const: BtfKind.CONST,
  restrict: BtfKind.RESTRICT,
  func: BtfKind.FUNC,
  func_proto: BtfKind.FUNC_PROTO,
  var: BtfKind.VAR,
  datasec: BtfKind.DATASEC,
  float: BtfKind.FLOAT,
  decl_tag: BtfKind.DECL_TAG,
  type_tag: BtfKind.TYPE_TAG,
  enum64: BtfKind.ENUM64,
};
const LINKAGE = { static: 0, global: 1, extern: 2 } as const;

/** Encodes one type as words. `nameOffset` returns the string offset of a name, and adds the name if it is new. */
export function encodeType(type: NewBtfType, nameOffset: (name: string) => number): number[] {
  const u32 = (value: number, what: string): number => {
    if (Number.isInteger(value) && value >= 0 && value <= 0xffffffff) return value;
    throw new UsageError(`${type.kind} ${type.name}: the ${what} ${value} does not fit into 32 bits`);
  };
  const head = (third: number, vlen = 0, flag = false): number[] => {
    // A vlen above 16 bits needs Linux 7.1.
    if (vlen > 0xffffff)
      throw new UsageError(`${type.kind} ${type.name} has ${vlen} elements, but BTF allows at most ${0xffffff}`);
    const info = ((flag ? 0x80000000 : 0) | (KINDS[type.kind] << 24) | vlen) >>> 0;
    return [nameOffset(type.name), info, u32(third, "size or type")];
  };
  switch (type.kind) {
    case "int": {
      const flags = (type.signed ? 1 : 0) | (type.char ? 2 : 0) | (type.bool ? 4 : 0);
      if (!(type.bits >= 0 && type.bits <= 255 && type.bitOffset >= 0 && type.bitOffset <= 255)) {
        throw new UsageError(
          `int ${type.name}: the size of ${type.bits} bits and the offset of ${type.bitOffset} bits must be below 256`,
        );
      }
      return [...head(type.size), (flags << 24) | (type.bitOffset << 16) | type.bits];
    }
    case "array":
      return [
        ...head(0),
        u32(type.type, "element type"),
        u32(type.indexType, "index type"),
        u32(type.length, "length"),
      ];
    case "struct":
    case "union": {
      const flag = type.members.some((member) => member.bitSize > 0);
      const words = head(type.size, type.members.length, flag);
      for (const { name, type: target, bitOffset, bitSize } of type.members) {
        if (flag && !(bitOffset >= 0 && bitOffset <= 0xffffff && bitSize >= 0 && bitSize <= 0xff)) {
          throw new UsageError(
            `${type.kind} ${type.name}: bitfield ${name} (${bitSize} bits at bit ${bitOffset}) is too large or too far from the start`,
          );
        }
        const offset = flag ? ((bitSize << 24) | bitOffset) >>> 0 : u32(bitOffset, "member offset");
        words.push(nameOffset(name), u32(target, "member type"), offset);
      }
      return words;
    }
    case "enum": {
      const words = head(type.size, type.values.length, type.signed);
      for (const { name, value } of type.values) {
        if (!Number.isInteger(value) || value < -0x80000000 || value > 0xffffffff) {
          throw new UsageError(`enum ${type.name}: ${name} = ${value} does not fit into 32 bits`);
        }
        words.push(nameOffset(name), value >>> 0);
      }
      return words;
    }
    case "enum64": {
      const words = head(type.size, type.values.length, type.signed);
      for (const { name, value } of type.values) {
        const bits = BigInt.asUintN(64, value);
        words.push(nameOffset(name), Number(bits & 0xffffffffn), Number(bits >> 32n));
      }
      return words;
    }
    case "fwd":
      return head(0, 0, type.union);
    case "ptr":
    case "typedef":
    case "volatile":
    case "const":
    case "restrict":
      return head(type.type);
    case "type_tag":
      return head(type.type, 0, type.attribute);
    case "func":
      return head(type.type, LINKAGE[type.linkage]);
    case "func_proto": {
      const words = head(type.returns, type.params.length);
      for (const param of type.params) words.push(nameOffset(param.name), u32(param.type, "parameter type"));
      return words;
    }
    case "var":
      return [...head(type.type), LINKAGE[type.linkage]];
    case "datasec": {
      const words = head(type.size, type.variables.length);
      for (const { type: target, offset, size } of type.variables) {
        words.push(u32(target, "variable type"), u32(offset, "offset"), u32(size, "size"));
      }
      return words;
    }
    case "float":
      return head(type.size);
    case "decl_tag":
      return [...head(type.type, 0, type.attribute), type.component >>> 0];
  }
}
