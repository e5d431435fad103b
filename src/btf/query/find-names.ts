import { namePattern } from "../../layout/index.ts";
import type { Btf } from "../btf.ts";
import { formatSignature, formatType } from "../c-declaration.ts";
import { FlatTypes } from "../dump/flat-types.ts";
import type { BtfType, TypeId } from "../types.ts";
import { flatMembers, MemberBudget } from "./flat-members.ts";

/** A type, function, variable, member or enumerator whose name matches a pattern. */
export interface NamedPlace {
  readonly kind: Exclude<BtfType["kind"], "void"> | "member" | "enumerator";
  /** The name. For a member, it begins with the name of the struct: `task_struct.pid`. */
  readonly name: string;
  /** The type itself; for a member or enumerator, the type that contains it. */
  readonly id: TypeId;
  /**
   * A type as C text: the target of a typedef, the type of a member or variable, or the prototype of a function. Empty
   * for all other kinds.
   */
  readonly type: string;
  /** The size in bytes; undefined for a type without a size. */
  readonly size: number | undefined;
  /** The offset of a member from the start of its struct, in bits. */
  readonly bitOffset?: number;
  /** The width of a bitfield in bits. */
  readonly bitSize?: number;
  /** The number of an enumerator. */
  readonly value?: number | bigint;
}

/**
 * Yields all names of a BTF that match a pattern (`*` stands for any characters, `?` for one). Names of the base are
 * not searched. A pattern with a dot finds members: `task_struct.*pid`. Throws FormatError, and UsageError for a
 * pattern that is too long.
 */
export function* findNames(btf: Btf, pattern: string): Generator<NamedPlace, void, undefined> {
  new FlatTypes(btf).check();
  const dot = pattern.indexOf(".");
  const fitsOwner = dot < 0 ? () => true : namePattern(pattern.slice(0, dot));
  const fits = namePattern(dot < 0 ? pattern : pattern.slice(dot + 1));
  const budget = new MemberBudget(btf);
  for (const id of btf.ids()) {
    const type = btf.type(id);
    if (type.kind === "void") continue;
    if (dot < 0 && type.name !== "" && fits(type.name)) yield namedType(btf, type);
    if (fitsOwner(type.name)) yield* namedParts(btf, type, { fits, byPath: dot >= 0, budget });
  }
}

function namedType(btf: Btf, type: Exclude<BtfType, { kind: "void" }>): NamedPlace {
  const { kind, name, id } = type;
  const size = "size" in type ? type.size : sizeOf(btf, id, kind);
  return { kind, name, id, size, type: spelling(btf, type) };
}

function spelling(btf: Btf, type: BtfType): string {
  switch (type.kind) {
    case "func":
      return formatSignature(btf, type.id);
    case "typedef":
    case "var":
    case "decl_tag":
      return formatType(btf, type.type);
    default:
      return "";
  }
}

/**
 * Yields the matching members of a named struct or of an anonymous struct with a typedef, or the matching enumerators
 * of an enum.
 */
function* namedParts(
  btf: Btf,
  type: BtfType,
  { fits, byPath, budget }: { fits: (name: string) => boolean; byPath: boolean; budget: MemberBudget },
): Generator<NamedPlace, void, undefined> {
  const { id } = type;
  if (type.kind === "enum" || type.kind === "enum64") {
    for (const { name, value } of type.values) {
      if (fits(name)) {
        const owner = type.name === "" ? "enum" : `enum ${type.name}`;
        yield { kind: "enumerator", name, id, size: type.size, type: owner, value };
      }
    }
    return;
  }
  const members = memberOwner(btf, type);
  if (members === undefined) return;
  for (const member of flatMembers(btf, members, budget)) {
    const { path, bitOffset, bitSize } = member;
    if (!fits(byPath ? path : path.slice(path.lastIndexOf(".") + 1))) continue;
    const size = sizeOf(btf, member.type);
    const name = `${type.name}.${path}`;
    yield { kind: "member", name, id, size, type: formatType(btf, member.type), bitOffset, bitSize };
  }
}

/**
 * Returns the struct or union whose members are listed under a type's name: a named struct itself, or the anonymous
 * struct that a typedef names. Undefined for all other types.
 */
export function memberOwner(btf: Btf, type: BtfType): TypeId | undefined {
  if (type.kind === "struct" || type.kind === "union") return type.name === "" ? undefined : type.id;
  if (type.kind !== "typedef") return undefined;
  const target = btf.type(type.type);
  return (target.kind === "struct" || target.kind === "union") && target.name === "" ? target.id : undefined;
}

function sizeOf(btf: Btf, id: TypeId, kind: BtfType["kind"] = btf.type(id).kind): number | undefined {
  if (kind === "func" || kind === "fwd" || kind === "func_proto" || kind === "decl_tag" || kind === "void")
    return undefined;
  try {
    return btf.sizeOf(id);
  } catch {
    // A typedef of a function, or of a struct that has only a forward declaration, has no size.
    return undefined;
  }
}
