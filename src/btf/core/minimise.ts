import type { Btf } from "../btf.ts";
import { BtfBuilder } from "../builder.ts";
import { referencesOf, remapType } from "../copy-types.ts";
import { type CoreRelocation, CoreRelocationKind, coreRelocationSubject } from "../core-relocation.ts";
import type { BtfType, TypeId } from "../types.ts";
import { CoreRelocator, type CoreResult } from "./relocator.ts";

/** The types and the CO-RE relocations of an object. */
export interface CoreObject {
  readonly btf: Btf;
  /** The relocations, in the order of the file. */
  readonly relocations: readonly CoreRelocation[];
}

/**
 * Returns a small BTF that has only those types and members of a kernel's BTF that the relocations of these objects
 * need. The objects can be loaded with it on this kernel, with the same result as with the kernel's whole BTF. So a
 * program can be shipped with the types of many kernels that have no BTF of their own. The result is equal to that of
 * `bpftool gen min_core_btf`. Throws FormatError if a relocation makes no sense.
 */
export function minimiseBtf(kernel: Btf, objects: Iterable<CoreObject>): Uint8Array {
  const needed = new NeededTypes(kernel);
  for (const { btf, relocations } of objects) {
    const relocator = new CoreRelocator(btf, { main: kernel });
    relocator.prepare(relocations);
    for (const relocation of relocations) needed.add(relocation, relocator.resolve(relocation));
  }
  return needed.encode();
}

/** How far to follow the references of a type. */
const MARK_TYPE = 0;
const MARK_BEHIND_POINTERS = 1;
const MARK_MEMBERS = 2;
const MARK_UNTIL_STRUCTS = 3;
type Depth = typeof MARK_TYPE | typeof MARK_BEHIND_POINTERS | typeof MARK_MEMBERS | typeof MARK_UNTIL_STRUCTS;

/** The types and members of a kernel's BTF that relocations need. */
class NeededTypes {
  readonly #kernel: Btf;
  readonly #types = new Set<TypeId>();
  /** For each struct or union, the indices of the needed members. A struct without an entry keeps no members. */
  readonly #members = new Map<TypeId, Set<number>>();
  /** For each depth, the types that were marked to this depth. */
  readonly #visited: readonly Set<TypeId>[] = [new Set(), new Set(), new Set(), new Set()];

  constructor(kernel: Btf) {
    this.#kernel = kernel;
  }

  add({ kind }: CoreRelocation, { target }: CoreResult): void {
    if (target === undefined) return;
    const { typeId, indices } = target;
    if (coreRelocationSubject(kind) === "field") this.#markAccess(typeId, indices);
    else if (coreRelocationSubject(kind) === "enumerator") this.#mark(typeId, MARK_TYPE);
    else this.#mark(typeId, kind === CoreRelocationKind.BPF_CORE_TYPE_MATCHES ? MARK_MEMBERS : MARK_BEHIND_POINTERS);
  }

  /** Marks each struct and each member on the path to the accessed member. */
  #markAccess(root: TypeId, indices: readonly number[]): void {
    const kernel = this.#kernel;
    this.#mark(root, MARK_TYPE);
    let id = root;
    for (const index of indices.slice(1)) {
      id = kernel.resolve(id);
      const type = kernel.type(id);
      if (type.kind === "array") {
        id = type.type;
      } else if (type.kind === "struct" || type.kind === "union") {
        this.#markMember(id, index);
        id = type.members[index]?.type ?? 0;
        this.#mark(id, MARK_TYPE);
      } else {
        throw kernel.error(id, "has no members, but a relocation accesses one");
      }
    }
  }

  #markMember(struct: TypeId, index: number): void {
    const members = this.#members.get(struct);
    if (members === undefined) this.#members.set(struct, new Set([index]));
    else members.add(index);
  }

  /** Marks a type and the types that it refers to. `depth` decides how far. The walk does not recurse. */
  #mark(root: TypeId, depth: Depth): void {
    const stack: [TypeId, Depth][] = [[root, depth]];
    for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
      const [id, how] = next;
      const visited = this.#visited[how] as Set<TypeId>;
      if (id === 0 || visited.has(id)) continue;
      visited.add(id);
      this.#types.add(id);
      const type = this.#kernel.type(id);
      const inner = this.#depthInside(type, how);
      if (inner !== undefined) for (const reference of referencesOf(type)) stack.push([reference, inner]);
    }
  }

  /**
   * Marks the needed members of a type. Returns the depth for the types that this type refers to; undefined if none of
   * them is needed.
   */
  #depthInside(type: BtfType, how: Depth): Depth | undefined {
    const isMatch = how === MARK_MEMBERS || how === MARK_UNTIL_STRUCTS;
    switch (type.kind) {
      case "struct":
      case "union":
        if (how !== MARK_MEMBERS) return undefined;
        for (const index of type.members.keys()) this.#markMember(type.id, index);
        return MARK_MEMBERS;
      case "ptr":
        if (isMatch) return MARK_UNTIL_STRUCTS;
        return how === MARK_BEHIND_POINTERS ? how : undefined;
      case "array":
      case "func_proto":
        return isMatch ? MARK_MEMBERS : how;
      default:
        return how;
    }
  }

  encode(): Uint8Array {
    const ids = [...this.#types].sort((a, b) => a - b);
    const newIds = new Map<TypeId, TypeId>([[0, 0], ...ids.map((id, i): [TypeId, TypeId] => [id, i + 1])]);
    const builder = new BtfBuilder({ little: this.#kernel.little });
    // A reference to a type that is not needed becomes void.
    for (const id of ids) builder.append(remapType(this.#shrunk(id), (old) => newIds.get(old) ?? 0));
    return builder.encode({ hasLongHeader: true });
  }

  /** Returns a type with only its needed members. */
  #shrunk(id: TypeId): BtfType {
    const type = this.#kernel.type(id);
    if (type.kind !== "struct" && type.kind !== "union") return type;
    const members = this.#members.get(id);
    return { ...type, members: type.members.filter((_, index) => members?.has(index)) };
  }
}
