import { matchesName } from "./essential-name.ts";
import type { NamedTypes } from "./name-index.ts";
import type { TypeId } from "./types.ts";

const encoder = new TextEncoder();

interface Wanted {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/**
 * Calls `found` for every type whose essential name is one of `names`, in ascending order of ids. One pass finds the
 * candidates of all local types of an object.
 *
 * A pass over vmlinux takes 1.7 ms before V8 optimises the code. In a short-lived process this is most of the time that
 * CO-RE takes. So the pass only looks up two pairs of bytes of each type's name in tables. The names of thousands of
 * kernel types begin alike (trace_event_raw_…), so the second pair is at the end of the wanted name. For hundreds of
 * names an index is faster.
 */
export function scanEssentialNames(
  types: NamedTypes,
  names: readonly string[],
  found: (name: string, id: TypeId) => void,
): void {
  const groups = groupByStart(names);
  const hits = new Uint32Array(types.offsets.length);
  const count = collectHits(types, filterOf(groups), hits);
  for (let i = 0; i < count; i++) {
    const index = hits[i] as number;
    const offset = types.words[types.offsets[index] as number] as number;
    const own = { strings: types.strings, at: offset - types.stringStart };
    const place = own.at >= 0 ? own : types.foreign(offset);
    if (place === undefined) continue;
    for (const { name, bytes } of groups.get(pair(place.strings, place.at)) ?? [])
      if (matchesName(place.strings, place.at, bytes, "essential", types.budget)) found(name, types.firstId + index);
  }
}

/** Tables for {@link collectHits}. */
interface Filter {
  /**
   * Indexed by the first two bytes of a name: the length of the shortest wanted name that begins with these two bytes;
   * 0 if none does.
   */
  readonly lengths: Uint32Array;
  /**
   * Indexed by the bytes n - 1 and n of a name, where n is the length from `lengths`. The entry is 1 if a wanted name
   * may have these two bytes at this position.
   */
  readonly ends: Uint8Array;
}

function filterOf(groups: ReadonlyMap<number, readonly Wanted[]>): Filter {
  const lengths = new Uint32Array(0x10000);
  const ends = new Uint8Array(0x10000);
  for (const [key, group] of groups) {
    const length = group.reduce((least, { bytes }) => Math.min(least, bytes.length), 0xffff_ffff);
    lengths[key] = length;
    for (const { bytes } of group) {
      ends[pair(bytes, length - 1)] = 1;
      if (bytes.length === length) ends[pair(bytes, length - 1) | (UNDERSCORE << 8)] = 1;
    }
  }
  return { lengths, ends };
}

/**
 * Writes the indices of the types that pass the filter, and of all types whose name is a string of the base. This
 * function calls nothing, so that V8 can optimise it while it runs.
 */
function collectHits(types: NamedTypes, filter: Filter, hits: Uint32Array): number {
  const { words, offsets, strings, stringStart } = types;
  const { lengths, ends } = filter;
  const end = offsets.length;
  let count = 0;
  for (let i = 0; i < end; i++) {
    const at = (words[offsets[i] as number] as number) - stringStart;
    if (at >= 0) {
      const length = lengths[(strings[at] as number) | ((strings[at + 1] as number) << 8)] as number;
      if (length === 0) continue;
      if (ends[(strings[at + length - 1] as number) | ((strings[at + length] as number) << 8)] === 0) continue;
    }
    hits[count++] = i;
  }
  return count;
}

function groupByStart(names: readonly string[]): Map<number, Wanted[]> {
  const groups = new Map<number, Wanted[]>();
  const add = (key: number, wanted: Wanted): void => {
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [wanted]);
    else group.push(wanted);
  };
  for (const name of new Set(names)) {
    const bytes = encoder.encode(name);
    if (bytes.length === 0) continue;
    add(pair(bytes, 0), { name, bytes });
    // After a name of one byte comes its NUL, or the first underscore of its flavour.
    if (bytes.length === 1) add(pair(bytes, 0) | (UNDERSCORE << 8), { name, bytes });
  }
  return groups;
}

function pair(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
}

const UNDERSCORE = 0x5f;
