import { bytes, chars, i32, type Struct, struct, type Type, u8, u16, u32, u64, usize } from "../layout/index.ts";

/** The types of the fields of kernel structs, written as text: `usize` is a 64-bit pointer, length or address. */
export type FieldType = "u8" | "u16" | "u32" | "i32" | "u64" | "usize" | `char[${number}]` | `u8[${number}]`;
/** A kernel struct's fields in their order; an object is a struct within. */
export type FieldTypes = { readonly [name: string]: FieldType | FieldTypes };

type CodecOf<F> = F extends "u64"
  ? Type<bigint>
  : F extends `char[${number}]`
    ? Type<string>
    : F extends `u8[${number}]`
      ? Type<Uint8Array>
      : F extends FieldTypes
        ? Layout<F>
        : Type<number>;
/** The struct of these fields. */
export type Layout<F extends FieldTypes> = Struct<{ [K in keyof F]: CodecOf<F[K]> }>;

const codecs: Readonly<Record<string, Type<number> | Type<bigint>>> = { u8, u16, u32, i32, u64, usize };

function codecOf(type: FieldType | FieldTypes): Type<unknown> {
  if (typeof type !== "string") return layout(type) as Type<unknown>;
  const codec = codecs[type];
  if (codec !== undefined) return codec as Type<unknown>;
  const [, element, count] = /^(char|u8)\[(\d+)\]$/.exec(type) ?? [];
  if (element === undefined) throw new TypeError(`${type} is not the type of a field`);
  return (element === "char" ? chars(Number(count)) : bytes(Number(count))) as Type<unknown>;
}

/**
 * Declares a kernel struct from the names of its types. Unlike `struct()`, the fields are literals,
 * so that the declaration of an exported layout needs no second spelling of its type.
 */
export function layout<const F extends FieldTypes>(fields: F, options: { size?: number } = {}): Layout<F> {
  return struct(() => codecsOf(fields), options) as unknown as Layout<F>;
}

function codecsOf(fields: FieldTypes): Record<string, Type<unknown>> {
  const codecs: Record<string, Type<unknown>> = {};
  for (const name in fields) codecs[name] = codecOf(fields[name] as FieldType | FieldTypes);
  return codecs;
}
