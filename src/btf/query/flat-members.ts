import type { Btf } from "../btf.ts";
import { WORDS } from "../memory-keys.ts";
import type { TypeId } from "../types.ts";

/** The kernel's limit on nested types. */
const MAX_DEPTH = 32;

/**
 * Limits how many members all calls of {@link flatMembers} on one BTF return, and how long their paths are. A hostile
 * BTF can nest types so that a few types have billions of members.
 */
export class MemberBudget {
  #left: number;

  constructor(btf: Btf) {
    this.#left = 1_000_000 + 4 * btf[WORDS].length;
  }

  /** Counts one member with this path. Throws FormatError if the budget is spent. */
  spend(btf: Btf, id: TypeId, path: string): void {
    this.#left -= 1 + (path.length >>> 6);
    if (this.#left < 0)
      throw btf.error(id, "has too many members, because its anonymous structs and unions nest too deep");
  }
}

/** A member of a struct or union, by the path with which a C program reaches it. */
export interface FlatMember {
  /** `pid`, `sched.load.weight`, or `regs[].value` for a member of an array of anonymous structs. */
  readonly path: string;
  readonly type: TypeId;
  /**
   * The offset from the start of the outermost struct, in bits. For a member of the elements of an array, this is the
   * offset in the first element.
   */
  readonly bitOffset: number;
  /** Width of a bitfield in bits; 0 for an ordinary member. */
  readonly bitSize: number;
}

/**
 * Returns the members of a struct or union, including those of the anonymous structs and unions inside it. Returns an
 * empty list for any other type. Throws FormatError if there are too many members or too many levels.
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

/**
 * Returns the anonymous struct or union that is the type of a member, or of the elements if the member is an array.
 * Undefined if there is none.
 */
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
