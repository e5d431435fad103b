import { type Btf, BtfKind, type TypeId } from "../btf/index.ts";
import { NotSupportedError } from "../errors/index.ts";
import { type KeptTypes, readKeptTypes, writeKeptTypes } from "./kept-types.ts";
import { kernelBtf } from "./kernel-btf.ts";

/**
 * The kernel types and hooks that the library's iterator programs use. One pass over the kernel's BTF finds all of
 * them.
 */
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

/** Returns the kernel's types that the library's programs use. They are looked up once. */
export function kernelTypes(): KernelTypes {
  latest ??= new KernelTypes(kernelBtf, NAMES, readKeptTypes());
  return latest;
}

/**
 * Looks up types in the kernel's BTF. The first look-up that the cache cannot answer searches for all of `names`: one
 * pass over the BTF costs the same for all names as for one.
 */
export class KernelTypes {
  readonly #readBtf: () => Btf;
  readonly #names: readonly string[];
  #known: KeptTypes;
  #searched: { readonly btf: Btf; readonly found: ReadonlyMap<string, readonly TypeId[]> } | undefined;
  /** True if any of the types came from the cache instead of this kernel's BTF. */
  #wasKept: boolean;

  constructor(readBtf: () => Btf, names: readonly string[], kept?: KeptTypes) {
    this.#readBtf = readBtf;
    this.#names = names;
    this.#known = kept ?? new Map();
    this.#wasKept = kept !== undefined;
  }

  /** Writes new results to the cache for other processes, and drops this object's reference to the kernel's BTF. */
  keep(): void {
    if (this.#searched !== undefined) writeKeptTypes(this.#known);
    this.#searched = undefined;
  }

  /** Drops the results that came from the cache file. Returns false if no result came from the file. */
  forgetKept(): boolean {
    if (!this.#wasKept) return false;
    this.#known = new Map();
    this.#wasKept = false;
    return true;
  }

  /** Returns a type's id by name and kind; undefined if the kernel has none. */
  id(name: string, kind: BtfKind): TypeId | undefined {
    return this.#ask(`${kind} ${name}`, () => {
      const { btf, found } = this.#search();
      return found.get(name)?.find((id) => btf.kind(id) === kind && btf.name(id) === name);
    });
  }

  /**
   * Returns the byte offset of a struct's member by its path: `offset("file", "f_path", "dentry")`. Members of
   * anonymous structs and unions are found as in C. Throws NotSupportedError if the kernel has no such member.
   */
  offset(struct: string, ...path: readonly string[]): number {
    return this.bitOffset(struct, ...path) / 8;
  }

  /** Returns a member's byte offset like {@link offset}, but undefined if the kernel has no such member. */
  offsetIfAny(struct: string, ...path: readonly string[]): number | undefined {
    const bits = this.#find(struct, path);
    return bits === undefined ? undefined : bits / 8;
  }

  /** Returns a member's offset in bits, for a bit field. Otherwise it works like {@link offset}. */
  bitOffset(struct: string, ...path: readonly string[]): number {
    const bits = this.#find(struct, path);
    if (bits === undefined)
      throw new NotSupportedError({
        feature: `this operation: the kernel's struct ${struct} has no member ${path.join(".")}`,
      });
    return bits;
  }

  #find(struct: string, path: readonly string[]): number | undefined {
    return this.#ask(`${struct}.${path.join(".")}`, () => {
      let type = this.id(struct, BtfKind.STRUCT);
      let bits = 0;
      for (const name of path) {
        const member = type === undefined ? undefined : findMember(this.#search().btf, type, name);
        if (member === undefined) return undefined;
        bits += member.bits;
        type = member.type;
      }
      return bits;
    });
  }

  #ask(what: string, find: () => number | undefined): number | undefined {
    let known = this.#known.get(what);
    if (known === undefined) {
      known = find() ?? null;
      this.#known.set(what, known);
    }
    return known ?? undefined;
  }

  #search(): { readonly btf: Btf; readonly found: ReadonlyMap<string, readonly TypeId[]> } {
    if (this.#searched === undefined) {
      const btf = this.#readBtf();
      this.#searched = { btf, found: btf.findByEssentialNames(this.#names) };
    }
    return this.#searched;
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
