import type { Btf } from "../btf.ts";
import { BtfKind, type TypeId } from "../types.ts";

/**
 * A name without its flavour: `task_struct` for `task_struct___v514`. A flavour begins at the last three
 * underscores that stand between two other characters; so `a___` and `___b` have none.
 */
export function essentialName(name: string): string {
  for (let i = name.length - 5; i >= 0; i--) {
    if (name[i] !== "_" && name[i + 4] !== "_" && name.startsWith("___", i + 1)) return name.slice(0, i + 1);
  }
  return name;
}

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

/** A type without its id: `struct foo`, `enum <anon>`. */
export function kindAndName(btf: Btf, id: TypeId): string {
  return `${KIND_TEXT[btf.kind(id)] ?? "unknown"} ${btf.name(id) || "<anon>"}`;
}

/** A type as libbpf's messages name it: `[13] struct foo`, `[7] enum <anon>`. */
export function describeType(btf: Btf, id: TypeId): string {
  return `[${id}] ${kindAndName(btf, id)}`;
}
