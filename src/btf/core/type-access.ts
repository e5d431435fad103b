import type { Btf } from "../btf.ts";
import type { BtfMember, TypeId } from "../types.ts";
import { isComposite } from "./compare-types.ts";

// `struct task_struct` has 250 members, of which a relocation needs one: they are read in place, because decoding all
// of them with their names takes longer than everything else that CO-RE does for a small object.

/** One member of a struct or union; undefined for other kinds and where there is no such member. */
export function memberAt(btf: Btf, id: TypeId, index: number): BtfMember | undefined {
  if (!isComposite(btf.kind(id)) || index >= btf.vlen(id)) return undefined;
  const owner = btf.owner(id);
  const at = owner.wordIndex(id) + 3 + 3 * index;
  // The pass that indexed the types has checked that all words of this type are there.
  const offset = owner.words[at + 2] as number;
  const flag = btf.kindFlag(id);
  return {
    name: owner.string(owner.words[at] as number),
    type: owner.words[at + 1] as number,
    bitOffset: flag ? offset & 0xffffff : offset,
    bitSize: flag ? offset >>> 24 : 0,
  };
}

/** Indices of the members of a struct or union that have the name, or no name. */
export function namedOrAnonymous(btf: Btf, id: TypeId, name: Uint8Array): number[] {
  const owner = btf.owner(id);
  const first = owner.wordIndex(id) + 3;
  const count = btf.vlen(id);
  const found: number[] = [];
  for (let index = 0, at = first; index < count; index++, at += 3) {
    const offset = owner.words[at] as number;
    let holder = owner;
    while (offset < holder.stringStart && holder.base !== undefined) holder = holder.base;
    if (isNamed(holder.strings, offset - holder.stringStart, name)) found.push(index);
  }
  return found;
}

function isNamed(strings: Uint8Array, at: number, name: Uint8Array): boolean {
  // Offset 0 of a split BTF without strings is the empty string, too.
  const start = strings[at] ?? 0;
  if (start === 0) return true;
  if (start !== name[0]) return false;
  for (let i = 1; i < name.length; i++) if (strings[at + i] !== name[i]) return false;
  return strings[at + name.length] === 0;
}
