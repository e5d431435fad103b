import { FormatError } from "../../errors/index.ts";
import type { Btf } from "../btf.ts";
import { essentialName } from "../essential-name.ts";
import { BtfKind, type BtfMember, type TypeId } from "../types.ts";
import { elementType, functionType, isComposite, isEnum } from "./type-access.ts";

/**
 * Limits the work that one object's CO-RE relocations may cause. libbpf's recursions take exponential time if several
 * members of a type contain the type itself. A large real object (10,000 relocations against `struct task_struct`)
 * needs about three million steps.
 */
export class CoreBudget {
  #left: number;
  readonly #source: string;

  /** @param source the object's name in errors */
  constructor(source: string, steps = 10_000_000) {
    this.#left = steps;
    this.#source = source;
  }

  /** Counts `steps` comparisons of members, parameters or enumerators. Throws FormatError if the budget is spent. */
  spend(steps: number): void {
    this.#left -= steps;
    if (this.#left < 0)
      throw new FormatError(
        { source: this.#source },
        "the CO-RE relocations of this object need too many type comparisons",
      );
  }

  /** Returns a name without its flavour. A long name counts as several steps of the budget. */
  essentialName(name: string): string {
    this.spend(name.length >>> 6);
    return essentialName(name);
  }
}

/** The most levels of pointers and arrays, and of function types inside function types (libbpf's src/relo_core.c). */
export const MAX_TYPE_DEPTH = 32;

/** Returns true for kinds that are compatible: two equal kinds, or any two enums, whatever their width. */
export function kindsAreCompatible(a: BtfKind, b: BtfKind): boolean {
  return a === b || (isEnum(a) && isEnum(b));
}

/**
 * Compares two types for type_exists, target_type_id and type_size. The caller has already compared the names of these
 * two types. The names of the types that they refer to do not matter: pointers and arrays must lead to compatible
 * types, and functions must have compatible parameters.
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
  // The two types themselves must have the same kind: a typedef is not compatible with the struct that it names.
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
 * Returns true if a member of the target is compatible with a local member of the same name. Two structs or unions are
 * always compatible; so are two pointers, two floats and two integers. Two enums or forward declarations need equal
 * names, unless one of them is anonymous. Two arrays need compatible elements.
 */
export function fieldsAreCompatible(
  local: Btf,
  localRoot: TypeId,
  target: Btf,
  targetRoot: TypeId,
  budget: CoreBudget,
): boolean {
  let localId = localRoot;
  let targetId = targetRoot;
  // libbpf has no limit here, because C has no array that contains itself. A hostile file can declare one.
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
        const name = budget.essentialName(local.name(localId));
        const targetName = budget.essentialName(target.name(targetId));
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

/**
 * Returns false for an integer with a bit offset. Compilers used such integers for bitfields before BTF had the kind
 * flag (Linux 4.20).
 */
function isPlainInt(btf: Btf, id: TypeId): boolean {
  const type = btf.type(id);
  return type.kind === "int" && type.bitOffset === 0;
}

export function tooDeep(btf: Btf, id: TypeId): FormatError {
  return new FormatError({ source: btf.source }, `type [${id}] nests more than ${MAX_TYPE_DEPTH} levels deep`);
}

/**
 * Compares two types for type_matches (Clang 15, libbpf 1.0), which is stricter than compatibility. Typedefs and
 * modifiers are skipped. Names and kinds must then be equal, and so must the size and sign of integers and the length
 * of arrays. All local members and enumerators must exist in the target. A struct behind a pointer needs only an equal
 * name and kind, and may be a forward declaration.
 */
export function typesMatch(local: Btf, localId: TypeId, target: Btf, targetId: TypeId, budget: CoreBudget): boolean {
  return matches({ local, target, budget }, localId, targetId, false, MAX_TYPE_DEPTH);
}

interface Sides {
  readonly local: Btf;
  readonly target: Btf;
  readonly budget: CoreBudget;
}

function matches(sides: Sides, localRoot: TypeId, targetRoot: TypeId, behindPointer: boolean, level: number): boolean {
  const { local, target, budget } = sides;
  if (level <= 0) throw tooDeep(local, localRoot);
  let localId = localRoot;
  let targetId = targetRoot;
  let behind = behindPointer;
  for (let depth = MAX_TYPE_DEPTH; depth > 0; depth--) {
    budget.spend(1);
    localId = local.resolve(localId);
    targetId = target.resolve(targetId);
    if (budget.essentialName(local.name(localId)) !== budget.essentialName(target.name(targetId))) return false;
    const kind = local.kind(localId);
    const targetKind = target.kind(targetId);
    switch (kind) {
      case BtfKind.VOID:
        return targetKind === kind;
      case BtfKind.FWD: {
        // The kind flag of a forward declaration is set for a union.
        const union = local.kindFlag(localId);
        if (targetKind === kind) return union === target.kindFlag(targetId);
        return behind && targetKind === (union ? BtfKind.UNION : BtfKind.STRUCT);
      }
      case BtfKind.ENUM:
      case BtfKind.ENUM64:
        return isEnum(targetKind) && enumsMatch(sides, localId, targetId);
      case BtfKind.STRUCT:
      case BtfKind.UNION:
        if (!behind) return targetKind === kind && compositesMatch(sides, localId, targetId, level);
        if (targetKind === kind) return true;
        return targetKind === BtfKind.FWD && (kind === BtfKind.UNION) === target.kindFlag(targetId);
      case BtfKind.INT:
        return targetKind === kind && integersMatch(sides, localId, targetId);
      case BtfKind.PTR:
        if (targetKind !== kind) return false;
        behind = true;
        localId = local.target(localId);
        targetId = target.target(targetId);
        break;
      case BtfKind.ARRAY: {
        const ours = local.type(localId);
        const theirs = target.type(targetId);
        if (ours.kind !== "array" || theirs.kind !== "array" || ours.length !== theirs.length) return false;
        localId = ours.type;
        targetId = theirs.type;
        break;
      }
      case BtfKind.FUNC_PROTO: {
        if (targetKind !== kind) return false;
        const ours = functionType(local, localId);
        const theirs = functionType(target, targetId);
        if (ours.params.length !== theirs.params.length) return false;
        for (const [i, param] of ours.params.entries()) {
          if (!matches(sides, param.type, theirs.params[i]!.type, behind, level - 1)) return false;
        }
        localId = ours.returns;
        targetId = theirs.returns;
        break;
      }
      default:
        return false;
    }
  }
  throw tooDeep(local, localRoot);
}

function integersMatch({ local, target }: Sides, localId: TypeId, targetId: TypeId): boolean {
  const ours = local.type(localId);
  const theirs = target.type(targetId);
  if (ours.kind !== "int" || theirs.kind !== "int") return false;
  return ours.size === theirs.size && ours.signed === theirs.signed;
}

/**
 * Returns true if the target enum has the same width and contains all local enumerators by name. Their numbers may
 * differ.
 */
function enumsMatch({ local, target, budget }: Sides, localId: TypeId, targetId: TypeId): boolean {
  if (local.sizeField(localId) !== target.sizeField(targetId) || local.vlen(localId) > target.vlen(targetId))
    return false;
  budget.spend(local.vlen(localId) + target.vlen(targetId));
  const theirs = new Set(enumeratorNames(target, targetId, budget));
  return enumeratorNames(local, localId, budget).every((name) => theirs.has(name));
}

function enumeratorNames(btf: Btf, id: TypeId, budget: CoreBudget): string[] {
  const type = btf.type(id);
  if (type.kind !== "enum" && type.kind !== "enum64")
    throw new FormatError({ source: btf.source }, `type [${id}] is not an enum`);
  return type.values.map((value) => budget.essentialName(value.name));
}

function compositesMatch(sides: Sides, localId: TypeId, targetId: TypeId, level: number): boolean {
  const { local, target, budget } = sides;
  if (local.vlen(localId) > target.vlen(targetId)) return false;
  budget.spend(local.vlen(localId) + target.vlen(targetId));
  const theirs = new Map<string, BtfMember[]>();
  for (const member of members(target, targetId)) {
    const name = budget.essentialName(member.name);
    const same = theirs.get(name);
    if (same === undefined) theirs.set(name, [member]);
    else same.push(member);
  }
  // Several members can have the same name: anonymous ones, and flavours of one name.
  return members(local, localId).every((member) =>
    theirs
      .get(budget.essentialName(member.name))
      ?.some((their) => matches(sides, member.type, their.type, false, level - 1)),
  );
}

function members(btf: Btf, id: TypeId): readonly BtfMember[] {
  const type = btf.type(id);
  if (type.kind !== "struct" && type.kind !== "union")
    throw new FormatError({ source: btf.source }, `type [${id}] is not a struct or union`);
  return type.members;
}
