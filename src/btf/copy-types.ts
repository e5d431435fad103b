import type { Btf } from "./btf.ts";
import type { BtfBuilder } from "./builder.ts";
import type { NewBtfType } from "./encode-type.ts";
import type { BtfType, TypeId } from "./types.ts";

/**
 * Copies types, and all types that they refer to, into a builder. Returns the new id of each old id, including void. A
 * type that the builder already has is not added again, except if it is part of a cycle. The walk does not recurse, so
 * chains of references may have any length.
 */
export function copyTypes(from: Btf, ids: Iterable<TypeId>, builder: BtfBuilder): Map<TypeId, TypeId> {
  const done = new Map<TypeId, TypeId>([[0, 0]]);
  // The types on the current path. If the walk reaches one of them again, there is a cycle, so the walk reserves an id
  // for this type.
  const open = new Set<TypeId>();
  for (const start of ids) {
    const stack: TypeId[] = [start];
    while (stack.length > 0) {
      const id = stack[stack.length - 1] as TypeId;
      if (done.has(id) && !open.has(id)) {
        stack.pop();
        continue;
      }
      const type = from.type(id);
      if (!open.has(id)) {
        open.add(id);
        for (const next of referencesOf(type)) {
          if (open.has(next)) {
            if (!done.has(next)) done.set(next, builder.reserve());
          } else if (!done.has(next)) {
            stack.push(next);
          }
        }
        if (stack[stack.length - 1] !== id) continue;
      }
      stack.pop();
      open.delete(id);
      const copy = remapType(type, (old) => done.get(old) as TypeId);
      const reserved = done.get(id);
      if (reserved === undefined) done.set(id, builder.add(copy));
      else builder.set(reserved, copy);
    }
  }
  return done;
}

/**
 * Returns the types that a type refers to directly, in their order in the encoded type. A type may occur more than
 * once.
 */
export function referencesOf(type: BtfType): TypeId[] {
  switch (type.kind) {
    case "ptr":
    case "typedef":
    case "volatile":
    case "const":
    case "restrict":
    case "func":
    case "var":
    case "decl_tag":
    case "type_tag":
      return [type.type];
    case "array":
      return [type.type, type.indexType];
    case "struct":
    case "union":
      return type.members.map((member) => member.type);
    case "func_proto":
      return [type.returns, ...type.params.map((param) => param.type)];
    case "datasec":
      return type.variables.map((variable) => variable.type);
    default:
      return [];
  }
}

/** Returns a copy of a type with every reference replaced. */
export function remapType(type: BtfType, id: (old: TypeId) => TypeId): NewBtfType {
  const each = <T extends { readonly type: TypeId }>(list: readonly T[]): T[] =>
    list.map((item) => ({ ...item, type: id(item.type) }));
  switch (type.kind) {
    case "void":
      throw new RangeError("type 0 (void) cannot be copied: every BTF has it already");
    case "ptr":
    case "typedef":
    case "volatile":
    case "const":
    case "restrict":
    case "func":
    case "var":
    case "decl_tag":
    case "type_tag":
      return { ...type, type: id(type.type) };
    case "array":
      return { ...type, type: id(type.type), indexType: id(type.indexType) };
    case "struct":
    case "union":
      return { ...type, members: each(type.members) };
    case "func_proto":
      return { ...type, returns: id(type.returns), params: each(type.params) };
    case "datasec":
      return { ...type, variables: each(type.variables) };
    default:
      return type;
  }
}
