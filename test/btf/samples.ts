import { Btf, BtfBuilder, type NewBtfType, type TypeId } from "../../src/btf/index.ts";

/** An INT of `size` bytes without padding. */
export function int(
  name: string,
  size: number,
  more: Partial<{ signed: boolean; char: boolean; bool: boolean }> = {},
): NewBtfType {
  return { kind: "int", name, size, signed: false, char: false, bool: false, bitOffset: 0, bits: 8 * size, ...more };
}

/** A member of a struct; `bits` for a bitfield. */
export function member(
  name: string,
  type: TypeId,
  bitOffset = 0,
  bitSize = 0,
): {
  name: string;
  type: TypeId;
  bitOffset: number;
  bitSize: number;
} {
  return { name, type, bitOffset, bitSize };
}

/** Types of a blob that is made on the spot, by name. */
export interface Sample {
  readonly btf: Btf;
  readonly ids: Readonly<Record<string, TypeId>>;
}

/** A blob with every kind of type in it. */
export function everyKind(little = true): Sample {
  const b = new BtfBuilder({ little });
  const ids: Record<string, TypeId> = {};
  const add = (key: string, type: NewBtfType): TypeId => {
    const id = b.add(type);
    ids[key] = id;
    return id;
  };
  const i32 = add("int", int("int", 4, { signed: true }));
  const u8 = add("u8", int("unsigned char", 1));
  const char = add("char", int("char", 1, { signed: true }));
  const long = add("long", int("long", 8, { signed: true }));
  add("ptr", { kind: "ptr", name: "", type: i32 });
  const text = add("text", { kind: "array", name: "", type: char, indexType: i32, length: 16 });
  const bits = add("bits", {
    kind: "struct",
    name: "bits",
    size: 8,
    members: [member("a", i32, 0, 3), member("b", i32, 3, 7), member("c", u8, 32)],
  });
  add("event", {
    kind: "struct",
    name: "event",
    size: 32,
    members: [member("comm", text, 0), member("when", long, 128), member("flags", bits, 192)],
  });
  add("union", { kind: "union", name: "", size: 8, members: [member("l", long, 0), member("i", i32, 0)] });
  add("enum", {
    kind: "enum",
    name: "color",
    size: 4,
    signed: true,
    values: [
      { name: "RED", value: -1 },
      { name: "GREEN", value: 2 },
    ],
  });
  add("enum64", {
    kind: "enum64",
    name: "wide",
    size: 8,
    signed: false,
    values: [{ name: "TOP", value: 0xffff_ffff_ffff_fff0n }],
  });
  add("fwd", { kind: "fwd", name: "later", union: true });
  const typedef = add("typedef", { kind: "typedef", name: "s32", type: i32 });
  const volatile = add("volatile", { kind: "volatile", name: "", type: typedef });
  const constant = add("const", { kind: "const", name: "", type: volatile });
  add("restrict", { kind: "restrict", name: "", type: constant });
  const proto = add("func_proto", {
    kind: "func_proto",
    name: "",
    returns: i32,
    params: [
      { name: "x", type: long },
      { name: "", type: 0 },
    ],
  });
  const func = add("func", { kind: "func", name: "main", type: proto, linkage: "global" });
  const variable = add("var", { kind: "var", name: "counter", type: long, linkage: "global" });
  add("datasec", { kind: "datasec", name: "?.data.x", size: 8, variables: [{ type: variable, offset: 0, size: 8 }] });
  add("float", { kind: "float", name: "double", size: 8 });
  add("decl_tag", { kind: "decl_tag", name: "tag", type: func, component: 0, attribute: false });
  add("type_tag", { kind: "type_tag", name: "user", type: i32, attribute: true });
  return { btf: Btf.parse(b.encode(), { source: "sample" }), ids };
}

/** A blob from words and strings, as hostile as they are. */
export function blobOf(words: readonly number[], strings: string, little = true): Uint8Array {
  const text = new TextEncoder().encode(strings);
  const data = new Uint8Array(24 + 4 * words.length + text.length);
  const view = new DataView(data.buffer);
  view.setUint16(0, 0xeb9f, little);
  view.setUint8(2, 1);
  view.setUint32(4, 24, little);
  view.setUint32(12, 4 * words.length, little);
  view.setUint32(16, 4 * words.length, little);
  view.setUint32(20, text.length, little);
  words.forEach((word, i) => {
    view.setUint32(24 + 4 * i, word >>> 0, little);
  });
  data.set(text, 24 + 4 * words.length);
  return data;
}

/** The `info` word of a type. */
export function info(kind: number, vlen = 0, flag = false): number {
  return ((flag ? 0x80000000 : 0) | (kind << 24) | vlen) >>> 0;
}
