import { type Btf, BtfKind, type TypeId } from "../btf/index.ts";
import { NotSupportedError } from "../errors/index.ts";
import { kernelBtf } from "./kernel-btf.ts";

/** All types whose members the library's own iterator programs read, and those programs' hooks: one pass finds them. */
const NAMES: readonly string[] = [
  "bpf_iter_task_file",
  "file",
  "inode",
  "super_block",
  "dentry",
  "task_struct",
  "bpf_map",
  "bpf_array",
  "bpf_link",
  "bpf_perf_link",
  "perf_event",
  "btf",
  "bpf_iter_bpf_prog",
  "bpf_prog",
  "bpf_prog_aux",
  "bpf_prog_stats",
  "user_struct",
];

let latest: KernelTypes | undefined;

/** The types of the kernel's own BTF that the library's programs read; found once. */
export function kernelTypes(): KernelTypes {
  const btf = kernelBtf();
  if (latest?.btf !== btf) latest = new KernelTypes(btf, NAMES);
  return latest;
}

/** Types of a kernel that were looked for together, which costs as much as one. */
export class KernelTypes {
  readonly btf: Btf;
  readonly #found: ReadonlyMap<string, readonly TypeId[]>;

  constructor(btf: Btf, names: readonly string[]) {
    this.btf = btf;
    this.#found = btf.findByEssentialNames(names);
  }

  /** The type of a name and kind; undefined where the kernel has none. */
  id(name: string, kind: BtfKind): TypeId | undefined {
    return this.#found.get(name)?.find((id) => this.btf.kind(id) === kind && this.btf.name(id) === name);
  }

  /**
   * The byte offset of a struct's member, by its path: `offset("file", "f_path", "dentry")`. Members of anonymous
   * structs and unions are found like in C. Throws NotSupportedError where the kernel has none.
   */
  offset(struct: string, ...path: readonly string[]): number {
    return this.bitOffset(struct, ...path) / 8;
  }

  /** {@link offset}, but undefined where the kernel has none. */
  offsetIfAny(struct: string, ...path: readonly string[]): number | undefined {
    const bits = this.#find(struct, path);
    return bits === undefined ? undefined : bits / 8;
  }

  /** {@link offset} in bits, for a bit field. */
  bitOffset(struct: string, ...path: readonly string[]): number {
    const bits = this.#find(struct, path);
    if (bits === undefined) throw new NotSupportedError({ feature: `a member ${path.join(".")} of struct ${struct}` });
    return bits;
  }

  #find(struct: string, path: readonly string[]): number | undefined {
    let type = this.id(struct, BtfKind.STRUCT);
    let bits = 0;
    for (const name of path) {
      const member = type === undefined ? undefined : findMember(this.btf, type, name);
      if (member === undefined) return undefined;
      bits += member.bits;
      type = member.type;
    }
    return bits;
  }
}

function findMember(btf: Btf, id: TypeId, name: string): { bits: number; type: TypeId } | undefined {
  const type = btf.type(btf.resolve(id));
  if (type.kind !== "struct" && type.kind !== "union") return undefined;
  for (const member of type.members) {
    if (member.name === name) return { bits: member.bitOffset, type: member.type };
    if (member.name !== "") continue;
    const inner = findMember(btf, member.type, name);
    if (inner !== undefined) return { bits: member.bitOffset + inner.bits, type: inner.type };
  }
  return undefined;
}
