import { FormatError } from "../../errors/index.ts";
import type { Btf } from "../btf.ts";
import { STRINGS, WORDS } from "../memory-keys.ts";
import { BtfKind, type BtfMember, type BtfType, type TypeId } from "../types.ts";

const KIND_TEXT: Readonly<Record<number, string>> = {
  [BtfKind.VOID]: "void",
  [BtfKind.INT]: "int",
  [BtfKind.PTR]: "ptr",
  [BtfKind.ARRAY]: "array",
  [BtfKind.STRUCT]: "struct",
  [BtfKind.UNION]: "union",
  [BtfKind.ENUM]: "enum",
  [BtfKind.FWD]: "fwd",
  [BtfKind.TYPEDEF]: "typedef",
  [BtfKind.VOLATILE]: "volatile",
  [BtfKind.CONST]: "const",
  [BtfKind.RESTRICT]: "restrict",
  [BtfKind.FUNC]: "func",
  [BtfKind.FUNC_PROTO]: "func_proto",
  [BtfKind.VAR]: "var",
  [BtfKind.DATASEC]: "datasec",
  [BtfKind.FLOAT]: "float",
  [BtfKind.DECL_TAG]: "decl_tag",
  [BtfKind.TYPE_TAG]: "type_tag",
  [BtfKind.ENUM64]: "enum64",
};

/** Shortens a name for a message if it is longer than any name that a programmer writes. */
export function shortName(name: string): string {
  return name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME)}…` : name;
}

const LONGEST_NAME = 512;

/** Formats a type without its id: `struct foo`, `enum <anon>`. */
export function kindAndName(btf: Btf, id: TypeId): string {
  return `${KIND_TEXT[btf.kind(id)] ?? "unknown"} ${shortName(btf.name(id)) || "<anon>"}`;
}

/** Formats a type as libbpf's messages do: `[13] struct foo`, `[7] enum <anon>`. */
export function describeType(btf: Btf, id: TypeId): string {
  return `[${id}] ${kindAndName(btf, id)}`;
}

export function isComposite(kind: BtfKind): boolean {
  return kind === BtfKind.STRUCT || kind === BtfKind.UNION;
}

export function isEnum(kind: BtfKind): boolean {
  return kind === BtfKind.ENUM || kind === BtfKind.ENUM64;
}

/** Returns the type of an array's elements. */
export function elementType(btf: Btf, id: TypeId): TypeId {
  const type = btf.type(id);
  if (type.kind !== "array") throw new FormatError({ source: btf.source }, `type [${id}] is not an array`);
  return type.type;
}

/** Returns the decoded FUNC_PROTO with this id. */
export function functionType(btf: Btf, id: TypeId): BtfType & { readonly kind: "func_proto" } {
  const type = btf.type(id);
  if (type.kind !== "func_proto")
    throw new FormatError({ source: btf.source }, `type [${id}] is not a function prototype`);
  return type;
}

// `struct task_struct` has 250 members, but a relocation needs only one. So members are read in place: decoding all of
// them with their names takes longer than all other CO-RE work for a small object.

/** Returns one member of a struct or union; undefined for other kinds, or if there is no such member. */
export function memberAt(btf: Btf, id: TypeId, index: number): BtfMember | undefined {
  if (!isComposite(btf.kind(id)) || index >= btf.vlen(id)) return undefined;
  const owner = btf.owner(id);
  const at = owner.wordIndex(id) + 3 + 3 * index;
  // No bounds check: the pass that indexed the types has checked that this type is complete.
  const offset = owner[WORDS][at + 2] as number;
  const flag = btf.kindFlag(id);
  return {
    name: owner.string(owner[WORDS][at] as number),
    type: owner[WORDS][at + 1] as number,
    bitOffset: flag ? offset & 0xffffff : offset,
    bitSize: flag ? offset >>> 24 : 0,
  };
}

/** Returns the indices of the members of a struct or union that have this name or no name. */
export function namedOrAnonymous(
  btf: Btf,
  id: TypeId,
  name: Uint8Array,
  budget: { spend(steps: number): void },
): number[] {
  const owner = btf.owner(id);
  const first = owner.wordIndex(id) + 3;
  const count = btf.vlen(id);
  const found: number[] = [];
  for (let index = 0, at = first; index < count; index++, at += 3) {
    const offset = owner[WORDS][at] as number;
    let holder = owner;
    while (offset < holder.stringStart && holder.base !== undefined) holder = holder.base;
    if (isNamed(holder[STRINGS], offset - holder.stringStart, name, budget)) found.push(index);
  }
  return found;
}

function isNamed(strings: Uint8Array, at: number, name: Uint8Array, budget: { spend(steps: number): void }): boolean {
  // A split BTF may have no strings. Offset 0 is the empty string there too.
  const start = strings[at] ?? 0;
  if (start === 0) return true;
  if (start !== name[0]) return false;
  let same = 1;
  while (same < name.length && strings[at + same] === name[same]) same++;
  budget.spend(same >>> 6);
  return same === name.length && strings[at + same] === 0;
}
