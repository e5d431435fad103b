import { FormatError } from "../../errors/index.ts";
import type { Btf } from "../btf.ts";
import { BtfKind, type BtfType, type TypeId } from "../types.ts";
import type { CoreBudget } from "./budget.ts";
import { essentialName } from "./names.ts";

/** Levels of pointers and arrays, and of functions within functions (libbpf's src/relo_core.c). */
export const MAX_TYPE_DEPTH = 32;

export function isComposite(kind: BtfKind): boolean {
  return kind === BtfKind.STRUCT || kind === BtfKind.UNION;
}

export function isEnum(kind: BtfKind): boolean {
  return kind === BtfKind.ENUM || kind === BtfKind.ENUM64;
}

/** Kinds that may stand for each other: the same, or any two enums whatever their width. */
export function kindsAreCompatible(a: BtfKind, b: BtfKind): boolean {
  return a === b || (isEnum(a) && isEnum(b));
}

/**
 * The test behind type_exists, target_type_id and type_size. The caller has compared the root types' names; below
 * them only the shape counts: pointers and arrays lead to compatible types, functions have compatible parameters.
 */
export function typesAreCompatible(
  local: Btf,
  localId: TypeId,
  target: Btf,
  targetId: TypeId,
  budget: CoreBudget,
): boolean {
  return compatible(local, localId, target, targetId, budget, MAX_TYPE_DEPTH);
}

function compatible(
  local: Btf,
  localRoot: TypeId,
  target: Btf,
  targetRoot: TypeId,
  budget: CoreBudget,
  level: number,
): boolean {
  // The roots themselves must be of one kind: a typedef is no candidate for the struct that it names.
  if (!kindsAreCompatible(local.kind(localRoot), target.kind(targetRoot))) return false;
  let localId = localRoot;
  let targetId = targetRoot;
  for (let depth = MAX_TYPE_DEPTH; depth > 0; depth--) {
    budget.spend(1);
    localId = local.resolve(localId);
    targetId = target.resolve(targetId);
    const kind = local.kind(localId);
    if (!kindsAreCompatible(kind, target.kind(targetId))) return false;
    switch (kind) {
      case BtfKind.VOID:
      case BtfKind.STRUCT:
      case BtfKind.UNION:
      case BtfKind.ENUM:
      case BtfKind.FWD:
      case BtfKind.ENUM64:
        return true;
      case BtfKind.INT:
        return isPlainInt(local, localId) && isPlainInt(target, targetId);
      case BtfKind.PTR:
        localId = local.target(localId);
        targetId = target.target(targetId);
        break;
      case BtfKind.ARRAY:
        localId = elementType(local, localId);
        targetId = elementType(target, targetId);
        break;
      case BtfKind.FUNC_PROTO: {
        const ours = functionType(local, localId);
        const theirs = functionType(target, targetId);
        if (ours.params.length !== theirs.params.length) return false;
        for (const [i, param] of ours.params.entries()) {
          if (level <= 0) throw tooDeep(local, localRoot);
          const a = local.resolve(param.type);
          const b = target.resolve(theirs.params[i]!.type);
          if (!compatible(local, a, target, b, budget, level - 1)) return false;
        }
        localId = local.resolve(ours.returns);
        targetId = target.resolve(theirs.returns);
        break;
      }
      default:
        return false;
    }
  }
  throw tooDeep(local, localRoot);
}

/**
 * Whether a target's member may stand for a local one of the same name: any two structs or unions, pointers, floats
 * and integers do; enums and forward declarations by name, unless one is anonymous; arrays by their elements.
 */
export function fieldsAreCompatible(local: Btf, localRoot: TypeId, target: Btf, targetRoot: TypeId): boolean {
  let localId = localRoot;
  let targetId = targetRoot;
  // libbpf has no bound here; it needs none, because C cannot declare an array of itself, but a file can.
  for (let depth = MAX_TYPE_DEPTH; depth > 0; depth--) {
    localId = local.resolve(localId);
    targetId = target.resolve(targetId);
    const kind = local.kind(localId);
    const targetKind = target.kind(targetId);
    if (isComposite(kind) && isComposite(targetKind)) return true;
    if (!kindsAreCompatible(kind, targetKind)) return false;
    switch (kind) {
      case BtfKind.PTR:
      case BtfKind.FLOAT:
        return true;
      case BtfKind.FWD:
      case BtfKind.ENUM:
      case BtfKind.ENUM64: {
        const name = essentialName(local.name(localId));
        const targetName = essentialName(target.name(targetId));
        return name === "" || targetName === "" || name === targetName;
      }
      case BtfKind.INT:
        return isPlainInt(local, localId) && isPlainInt(target, targetId);
      case BtfKind.ARRAY:
        localId = elementType(local, localId);
        targetId = elementType(target, targetId);
        break;
      default:
        return false;
    }
  }
  throw tooDeep(local, localRoot);
}

/** The type of an array's elements. */
export function elementType(btf: Btf, id: TypeId): TypeId {
  const type = btf.type(id);
  if (type.kind !== "array") throw new FormatError({ source: btf.source }, `type [${id}] is not an array`);
  return type.type;
}

/** A function's signature. */
export function functionType(btf: Btf, id: TypeId): BtfType & { readonly kind: "func_proto" } {
  const type = btf.type(id);
  if (type.kind !== "func_proto") throw new FormatError({ source: btf.source }, `type [${id}] is not a function`);
  return type;
}

/** False for the integers that begin within their storage, which compilers made for bitfields before kernel 4.20. */
function isPlainInt(btf: Btf, id: TypeId): boolean {
  const type = btf.type(id);
  return type.kind === "int" && type.bitOffset === 0;
}

export function tooDeep(btf: Btf, id: TypeId): FormatError {
  return new FormatError({ source: btf.source }, `type [${id}] is nested more than ${MAX_TYPE_DEPTH} levels deep`);
}
