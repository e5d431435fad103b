import type { StringBudget } from "../layout/index.ts";
import { type Match, matchesName } from "./essential-name.ts";
import type { TypeIndex } from "./type-section.ts";

/** The platform's search for bytes in bytes, which takes a tenth of the time of one in JavaScript; Node has one. */
const nativeIndexOf = (globalThis as { Buffer?: { prototype: { indexOf: IndexOf } } }).Buffer?.prototype.indexOf;
type IndexOf = (this: Uint8Array, bytes: Uint8Array, from: number) => number;

/** Whether {@link searchNames} is faster than a pass over all types. */
export const canSearchNames: boolean = nativeIndexOf !== undefined;

/** The parts of a BTF that {@link searchNames} reads. It has no base. */
export interface SearchedTypes {
  readonly words: Uint32Array;
  readonly strings: Uint8Array;
  readonly index: TypeIndex;
  readonly budget: StringBudget;
}

/**
 * The numbers of all types of that name in ascending order, without a pass over the types: the name is searched for
 * among the strings, what refers to it among the words, both natively (0.6 and 0.2 ms for a kernel), and whether a type
 * begins at such a word is asked of the index, which need not be complete for it. Each name must be a string of its
 * own, not the end of another, as all that write BTF have it.
 */
export function searchNames({ words, strings, index, budget }: SearchedTypes, name: Uint8Array, how: Match): number[] {
  const found: number[] = [];
  if (nativeIndexOf === undefined || name.length === 0) return found;
  const needle = new Uint8Array(name.length + (how === "exact" ? 2 : 1));
  needle.set(name, 1);
  for (let at = nativeIndexOf.call(strings, needle, 0); at >= 0; at = nativeIndexOf.call(strings, needle, at + 1)) {
    const offset = at + 1;
    if (how === "essential" && !matchesName(strings, offset, name, how, budget)) continue;
    for (let word = words.indexOf(offset); word >= 0; word = words.indexOf(offset, word + 1)) {
      // Nearly every word that only happens to have the value is followed by a type, an offset or a name, all small
      // numbers, and not by what says a kind.
      if ((((words[word + 1] ?? 0) >>> 24) & 0x7f) === 0) continue;
      const number = index.search(word);
      if (number >= 0) found.push(number);
    }
  }
  return found.sort((a, b) => a - b);
}
