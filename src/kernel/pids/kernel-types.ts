import { type Btf, BtfKind, type TypeId } from "../../btf/index.ts";
import { NotSupportedError } from "../../errors/index.ts";

/** Types of the kernel that are looked for together, which costs as much as one. */
export class KernelTypes {
  readonly #btf: Btf;
  readonly #found: ReadonlyMap<string, readonly TypeId[]>;

  constructor(btf: Btf, names: readonly string[]) {
    this.#btf = btf;
    this.#found = btf.findByEssentialNames(names);
  }

  /** The type of a name and kind; undefined where the kernel has none. */
  id(name: string, kind: BtfKind): TypeId | undefined {
    return this.#found.get(name)?.find((id) => this.#btf.kind(id) === kind && this.#btf.name(id) === name);
  }

  /**
   * The byte offset of a struct's member, by its path: `offset("file", "f_path", "dentry")`. Members of anonymous
   * structs and unions are found like in C. Throws NotSupportedError where the kernel has none.
   */
  offset(struct: string, ...path: readonly string[]): number {
    let type = this.id(struct, BtfKind.STRUCT);
    let offset = 0;
    for (const name of path) {
      const member = type === undefined ? undefined : findMember(this.#btf, type, name);
      if (member === undefined) {
        throw new NotSupportedError({ feature: `a member ${path.join(".")} of struct ${struct}` });
      }
      offset += member.offset;
      type = member.type;
    }
    return offset;
  }
}

function findMember(btf: Btf, id: TypeId, name: string): { offset: number; type: TypeId } | undefined {
  const type = btf.type(btf.resolve(id));
  if (type.kind !== "struct" && type.kind !== "union") return undefined;
  for (const member of type.members) {
    const at = member.bitOffset / 8;
    if (member.name === name) return { offset: at, type: member.type };
    if (member.name !== "") continue;
    const inner = findMember(btf, member.type, name);
    if (inner !== undefined) return { offset: at + inner.offset, type: inner.type };
  }
  return undefined;
}
