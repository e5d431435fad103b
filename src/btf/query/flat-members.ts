import type { Btf } from "../btf.ts";
import { WORDS } from "../memory-keys.ts";
import type { TypeId } from "../types.ts";

/** As deep as the kernel lets types nest. */
const MAX_DEPTH = 32;

/**
 * Bounds how many members all calls of {@link flatMembers} on one BTF return, and how long their paths are: a hostile BTF
 * can nest types so that each of them has any number of members.
 */
export class MemberBudget {
  #left: number;

  constructor(btf: Btf) {
    this.#left = 1_000_000 + 4 * btf[WORDS].length;
  }

  /** Throws FormatError at the end of the budget. */
  spend(btf: Btf, id: TypeId, path: string): void {
    this.#left -= 1 + (path.length >>> 6);
    if (this.#left < 0)
      throw btf.error(id, "has too many members: the types without a name nest too often in each other");
  }
}

/** A member as a C program reaches it from a struct or union. */
export interface FlatMember {
  /** `pid`, `sched.load.weight`, or `regs[].value` for a member of the structs of an array. */
  readonly path: string;
  readonly type: TypeId;
  /** From the start of the outermost struct, in bits. Of an array's elements: of the first one. */
  readonly bitOffset: number;
  /** Width of a bitfield in bits; 0 for an ordinary member. */
  readonly bitSize: number;
}

/**
 * Returns the members of a struct or union with those of structs and unions without a name inside it. Empty for other
 * types. Throws FormatError where they nest too deep or are too many.
 */
export function flatMembers(btf: Btf, id: TypeId, budget: MemberBudget): FlatMember[] {
  const found: FlatMember[] = [];
  addMembers({ btf, budget, found }, id, "", 0, 0);
  return found;
}

interface Walk {
  readonly btf: Btf;
  readonly budget: MemberBudget;
  readonly found: FlatMember[];
}

function addMembers(walk: Walk, id: TypeId, prefix: string, start: number, depth: number): void {
  const { btf, budget, found } = walk;
  const type = btf.type(id);
  if (type.kind !== "struct" && type.kind !== "union") return;
  if (depth > MAX_DEPTH) throw btf.error(id, `nests more than ${MAX_DEPTH} types deep`);
  for (const member of type.members) {
    const bitOffset = start + member.bitOffset;
    const path = prefix + member.name;
    budget.spend(btf, id, path);
    if (member.name !== "") found.push({ path, type: member.type, bitOffset, bitSize: member.bitSize });
    const inner = withoutName(btf, member.type);
    if (inner === undefined) continue;
    const next = member.name === "" ? prefix : `${path}${inner.isElement ? "[]" : ""}.`;
    addMembers(walk, inner.id, next, bitOffset, depth + 1);
  }
}

/** The struct or union without a name that a member is, or that an array holds. */
function withoutName(btf: Btf, id: TypeId): { id: TypeId; isElement: boolean } | undefined {
  let at = id;
  let isElement = false;
  for (let depth = 0; depth <= MAX_DEPTH; depth++) {
    const type = btf.type(at);
    switch (type.kind) {
      case "const":
      case "volatile":
      case "type_tag":
        at = type.type;
        break;
      case "array":
        isElement = true;
        at = type.type;
        break;
      case "struct":
      case "union":
        return type.name === "" ? { id: at, isElement } : undefined;
      default:
        return undefined;
    }
  }
  return undefined;
}
