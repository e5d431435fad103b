import type { StringBudget } from "../layout/index.ts";
import { type Match, matchesName } from "./essential-name.ts";
import type { TypeId } from "./types.ts";

/** The parts of one BTF (without its base) that a search by name reads. */
export interface NamedTypes {
  readonly words: Uint32Array;
  readonly offsets: Uint32Array;
  readonly firstId: TypeId;
  readonly strings: Uint8Array;
  /** The name offset of the first byte of `strings`: 0, or the length of the base's strings. */
  readonly stringStart: number;
  /** The budget for comparisons of names. */
  readonly budget: StringBudget;
  /**
   * Finds a name among the strings of the base. `offset` is below {@link stringStart}. Returns the strings of the base
   * and the offset of the name in them, or undefined.
   */
  foreign(offset: number): { readonly strings: Uint8Array; readonly at: number } | undefined;
}

const UNDERSCORE = 0x5f;

/**
 * Calls `found` for every type with this name, in ascending order, until it returns true. The bytes of names are
 * compared, not their offsets, because equal names need not share an offset. Anonymous types are never found.
 */
export function scanNames(types: NamedTypes, name: Uint8Array, how: Match, found: (id: TypeId) => boolean): void {
  const { words, offsets, strings, stringStart, budget } = types;
  const count = offsets.length;
  const length = name.length;
  const first = name[0];
  const exact = how === "exact";
  if (length === 0) return;
  for (let i = 0; i < count; i++) {
    const offset = words[offsets[i] as number] as number;
    const at = offset - stringStart;
    if (at >= 0) {
      if (strings[at] !== first || (exact && strings[at + length] !== 0)) continue;
      if (matchesName(strings, at, name, how, budget) && found(types.firstId + i)) return;
    } else {
      const base = types.foreign(offset);
      if (base !== undefined && matchesName(base.strings, base.at, name, how, budget) && found(types.firstId + i))
        return;
    }
  }
}

/**
 * A hash table of the essential names of all types. Collisions form chains, so even a hostile BTF costs no more than a
 * scan.
 */
export class NameIndex {
  readonly #types: NamedTypes;
  readonly #heads: Uint32Array;
  readonly #next: Uint32Array;
  readonly #hashes: Uint32Array;
  readonly #mask: number;

  constructor(types: NamedTypes) {
    this.#types = types;
    const { words, offsets, strings, stringStart, budget } = types;
    const count = offsets.length;
    const hashes = new Uint32Array(count);
    const size = 1 << Math.max(4, 32 - Math.clz32(count));
    const mask = size - 1;
    const heads = new Uint32Array(size);
    const next = new Uint32Array(count);
    // The loop runs backwards, so that each chain has its types in ascending order. The entries of a chain are the
    // indices of types plus 1, and 0 is the end.
    for (let i = count - 1; i >= 0; i--) {
      const offset = words[offsets[i] as number] as number;
      let bytes = strings;
      let at = offset - stringStart;
      if (at < 0) {
        const base = types.foreign(offset);
        if (base === undefined) continue;
        bytes = base.strings;
        at = base.at;
      }
      if (at >= bytes.length || bytes[at] === 0) continue;
      const hash = hashEssential(bytes, at, budget);
      const slot = hash & mask;
      hashes[i] = hash;
      next[i] = heads[slot] as number;
      heads[slot] = i + 1;
    }
    this.#heads = heads;
    this.#next = next;
    this.#hashes = hashes;
    this.#mask = mask;
  }

  /** Does the same as {@link scanNames}. */
  search(name: Uint8Array, how: Match, found: (id: TypeId) => boolean): void {
    const { words, offsets, strings, stringStart, firstId, budget } = this.#types;
    if (name.length === 0) return;
    const hash = how === "exact" ? hashEssential(name, 0, budget) : hashWhole(name);
    let entry = this.#heads[hash & this.#mask] as number;
    while (entry !== 0) {
      const offset = words[offsets[entry - 1] as number] as number;
      const at = offset - stringStart;
      const place = at >= 0 ? { strings, at } : this.#types.foreign(offset);
      if (
        this.#hashes[entry - 1] === hash &&
        place !== undefined &&
        matchesName(place.strings, place.at, name, how, budget) &&
        found(firstId + entry - 1)
      ) {
        return;
      }
      entry = this.#next[entry - 1] as number;
    }
  }
}

/** Returns the FNV-1a hash of all bytes. */
function hashWhole(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash ^ (hash >>> 15)) >>> 0;
}

/**
 * Returns a hash of the essential name ({@link essentialLength}) of the string at `at`, so that a type and its flavours
 * are in one chain. The hash takes only one pass over the name, because the index covers a hundred thousand names.
 */
function hashEssential(bytes: Uint8Array, at: number, budget: StringBudget): number {
  const end = bytes.length;
  let hash = 0x811c9dc5;
  let underscores = 0;
  let beforeRun = 0;
  let essential = 0;
  let flavoured = false;
  let i = at;
  for (; i < end; i++) {
    const byte = bytes[i] as number;
    if (byte === 0) break;
    if (byte === UNDERSCORE) {
      if (underscores++ === 0) beforeRun = hash;
    } else {
      if (underscores === 3 && i - 3 > at) {
        essential = beforeRun;
        flavoured = true;
      }
      underscores = 0;
    }
    hash = Math.imul(hash ^ byte, 0x01000193);
  }
  budget.spendCompared(i - at);
  if (flavoured) hash = essential;
  return (hash ^ (hash >>> 15)) >>> 0;
}
