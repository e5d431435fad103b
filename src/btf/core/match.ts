import { FormatError } from "../../errors/index.ts";
import type { Btf } from "../btf.ts";
import { CoreRelocationKind, coreRelocationSubject } from "../core-relocation.ts";
import type { TypeId } from "../types.ts";
import type { CoreBudget } from "./compare-types.ts";
import { fieldsAreCompatible, typesAreCompatible, typesMatch } from "./compare-types.ts";
import { bitsOf, type CoreAccessor, type CoreSpec, coreSizeOf, isFlexibleArray, MAX_SPEC_LENGTH } from "./spec.ts";
import { isComposite, memberAt, namedOrAnonymous } from "./type-access.ts";

const encoder = new TextEncoder();

/**
 * Makes the same access as the local specification in the types of a candidate. Returns undefined if the candidate has
 * no match for one of the steps.
 */
export function matchCoreSpec(spec: CoreSpec, target: Btf, targetId: TypeId, budget: CoreBudget): CoreSpec | undefined {
  const found: CoreSpec = {
    btf: target,
    kind: spec.kind,
    rootTypeId: targetId,
    accessors: [],
    raw: [],
    bitOffset: 0,
  };
  switch (coreRelocationSubject(spec.kind)) {
    case "type": {
      const test = spec.kind === CoreRelocationKind.BPF_CORE_TYPE_MATCHES ? typesMatch : typesAreCompatible;
      return test(spec.btf, spec.rootTypeId, target, targetId, budget) ? found : undefined;
    }
    case "enumerator":
      return matchEnumerator(spec.accessors[0]!, found, budget) ? found : undefined;
    default:
      return matchField(spec, found, budget) ? found : undefined;
  }
}

function matchEnumerator(accessor: CoreAccessor, found: CoreSpec, budget: CoreBudget): boolean {
  const { btf } = found;
  const id = btf.resolve(found.rootTypeId);
  const type = btf.type(id);
  if (type.kind !== "enum" && type.kind !== "enum64") return false;
  budget.spend(type.values.length);
  const wanted = budget.essentialName(accessor.name ?? "");
  const index = type.values.findIndex(({ name }) => name.startsWith(wanted) && budget.essentialName(name) === wanted);
  if (index < 0) return false;
  found.accessors.push({ typeId: id, index, name: type.values[index]!.name });
  found.raw.push(index);
  return true;
}

function matchField(spec: CoreSpec, found: CoreSpec, budget: CoreBudget): boolean {
  const { btf } = found;
  let id = found.rootTypeId;
  for (const [i, accessor] of spec.accessors.entries()) {
    id = btf.resolve(id);
    if (accessor.name !== undefined) {
      const member = { local: spec.btf, type: memberType(spec.btf, accessor), name: encoder.encode(accessor.name) };
      const next = matchMember(member, id, found, budget);
      if (next === undefined) return false;
      id = next;
      continue;
    }
    // The first index treats the root type as an element of an array. BTF has no type for this array.
    if (i > 0) {
      const type = btf.type(id);
      if (type.kind !== "array") return false;
      if (accessor.index >= type.length && !isFlexibleArray(btf, found.accessors.at(-1), type.length)) return false;
      id = btf.resolve(type.type);
    }
    pushIndex(found, accessor.index);
    found.accessors.push({ typeId: id, index: accessor.index, name: undefined });
    found.bitOffset = (found.bitOffset + bitsOf(accessor.index, coreSizeOf(btf, id))) >>> 0;
  }
  return true;
}

function memberType(btf: Btf, accessor: CoreAccessor): TypeId {
  const member = memberAt(btf, accessor.typeId, accessor.index);
  if (member === undefined) throw btf.error(accessor.typeId, `has no member ${accessor.index}`);
  return member.type;
}

interface WantedMember {
  readonly local: Btf;
  readonly type: TypeId;
  readonly name: Uint8Array;
}

/**
 * Looks for a member in a struct or union and in its anonymous members. Only the first member with the wanted name
 * counts, whether or not its type is compatible. Returns the type of the member.
 */
function matchMember(wanted: WantedMember, structId: TypeId, found: CoreSpec, budget: CoreBudget): TypeId | undefined {
  const { btf } = found;
  const id = btf.resolve(structId);
  if (!isComposite(btf.kind(id))) return undefined;
  const count = btf.vlen(id);
  budget.spend(count);
  if (count > 0) checkLength(found);
  for (const index of namedOrAnonymous(btf, id, wanted.name, budget)) {
    const member = memberAt(btf, id, index);
    if (member === undefined) continue;
    const bitOffset = found.bitOffset;
    pushIndex(found, index);
    found.bitOffset = (bitOffset + member.bitOffset) >>> 0;
    if (member.name === "") {
      // The number of steps in the specification limits the depth of this recursion, and the budget limits its breadth.
      const next = matchMember(wanted, member.type, found, budget);
      if (next !== undefined) return next;
    } else if (fieldsAreCompatible(wanted.local, wanted.type, btf, member.type, budget)) {
      found.accessors.push({ typeId: id, index, name: member.name });
      return member.type;
    } else {
      return undefined;
    }
    found.raw.pop();
    found.bitOffset = bitOffset;
  }
  return undefined;
}

function pushIndex(found: CoreSpec, index: number): void {
  checkLength(found);
  found.raw.push(index);
}

function checkLength(found: CoreSpec): void {
  if (found.raw.length < MAX_SPEC_LENGTH) return;
  throw new FormatError({ source: found.btf.source }, `a member is nested more than ${MAX_SPEC_LENGTH} levels deep`);
}
