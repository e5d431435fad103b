import { Btf, BtfBuilder, type TypeId } from "../btf/index.ts";
import { UsageError } from "../errors/index.ts";
import type { MapTypes } from "./map-types.ts";

/**
 * A C type: an integer (`u8`, `s32`, `u64`, …), `bool`, `char`, `float` or `double`; an array of one of these
 * (`char[16]`, `u32[4]`); or a struct, as an object with its members in order.
 */
export type CType = string | { readonly [member: string]: CType };

const INTEGER = /^([us])(8|16|32|64|128)$/;
const ARRAY = /^(\w+)\[(\d+)\]$/;

/**
 * Makes BTF for the key and value types of a map. Structs have the layout that a C compiler would give them. Throws
 * UsageError for an unknown type.
 */
export function keyAndValueTypes(key: CType | undefined, value: CType | undefined): MapTypes {
  const builder = new BtfBuilder();
  const keyTypeId = key === undefined ? 0 : addType(builder, key, "key").id;
  const valueTypeId = value === undefined ? 0 : addType(builder, value, "value").id;
  return { btf: Btf.parse(builder.encode(), { source: "the map's types" }), keyTypeId, valueTypeId };
}

interface Placed {
  readonly id: TypeId;
  readonly size: number;
  readonly align: number;
}

function addType(builder: BtfBuilder, type: CType, name: string): Placed {
  if (typeof type !== "string") return addStruct(builder, type, name);
  const [, element, length] = ARRAY.exec(type) ?? [];
  if (element !== undefined) {
    const of = addType(builder, element, name);
    const indexType = addType(builder, "u32", name).id;
    const id = builder.add({ kind: "array", name: "", type: of.id, indexType, length: Number(length) });
    return { id, size: Number(length) * of.size, align: of.align };
  }
  const scalar = addScalar(builder, type);
  if (scalar === undefined)
    throw new UsageError(`${name}: ${JSON.stringify(type)} is not a C type such as u32 or char[16]`);
  return scalar;
}

function addScalar(builder: BtfBuilder, name: string): Placed | undefined {
  const [, sign, bits] = INTEGER.exec(name) ?? [];
  if (bits !== undefined) return addInteger(builder, name, Number(bits) / 8, { signed: sign === "s" });
  switch (name) {
    case "char":
      return addInteger(builder, "char", 1, { signed: true });
    case "bool":
      return addInteger(builder, "_Bool", 1, { bool: true });
    case "float":
    case "double": {
      const size = name === "float" ? 4 : 8;
      return { id: builder.add({ kind: "float", name, size }), size, align: size };
    }
    default:
      return undefined;
  }
}

function addInteger(
  builder: BtfBuilder,
  name: string,
  size: number,
  { signed = false, bool = false }: { signed?: boolean; bool?: boolean },
): Placed {
  const id = builder.add({ kind: "int", name, size, signed, char: false, bool, bitOffset: 0, bits: 8 * size });
  return { id, size, align: size };
}

function addStruct(builder: BtfBuilder, members: { readonly [member: string]: CType }, name: string): Placed {
  let end = 0;
  let align = 1;
  const placed = Object.entries(members).map(([member, type]) => {
    const of = addType(builder, type, `${name}.${member}`);
    const at = Math.ceil(end / of.align) * of.align;
    end = at + of.size;
    align = Math.max(align, of.align);
    return { name: member, type: of.id, bitOffset: 8 * at, bitSize: 0 };
  });
  const size = Math.ceil(end / align) * align;
  // The kernel accepts only C identifiers as names.
  const id = builder.add({ kind: "struct", name: name.replaceAll(/\W/g, "_"), size, members: placed });
  return { id, size, align };
}
