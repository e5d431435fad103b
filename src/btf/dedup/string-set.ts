import type { Btf } from "../btf.ts";
import { STRINGS } from "../memory-keys.ts";

/**
 * Builds the string section of a new BTF without duplicates. Strings are kept as bytes, because names need not be
 * UTF-8. Strings of the base are not added again.
 */
export class StringSet {
  /** All strings by their offsets, those of the base first. */
  #bytes: Uint8Array;
  #end: number;
  readonly #ownStart: number;
  /** A hash table of string offsets; 0 for a free slot. A collision takes the next free slot. */
  #table: Uint32Array;
  /** For each slot of the table, the hash of its string. */
  #hashes: Uint32Array;
  #count = 0;

  /** `size` is how many bytes the strings may take. It is only a hint. */
  constructor(base: Btf | undefined, size = 65_536) {
    this.#ownStart = base === undefined ? 0 : base.stringStart + base[STRINGS].length;
    this.#bytes = new Uint8Array(this.#ownStart + size);
    this.#table = new Uint32Array(1 << 12);
    this.#hashes = new Uint32Array(1 << 12);
    // Offset 0 is the empty string in every BTF.
    this.#end = 1;
    if (base !== undefined) this.#addBase(base);
  }

  /** Returns the string section without the strings of the base. */
  get section(): Uint8Array {
    return this.#bytes.subarray(this.#ownStart, this.#end);
  }

  /**
   * Adds the string that begins at `at` in `strings`, unless the set has it already. Returns the string's offset in the
   * set.
   */
  add(strings: Uint8Array, at: number): number {
    const end = endOf(strings, at);
    if (end === at) return 0;
    const hash = hashOf(strings, at, end);
    const place = this.#find(strings, at, end, hash);
    const known = this.#table[place] as number;
    if (known !== 0) return known;
    const offset = this.#end;
    this.#reserve(end - at + 1);
    const bytes = this.#bytes;
    let o = offset;
    for (let i = at; i < end; i++) bytes[o++] = strings[i] as number;
    bytes[o] = 0;
    this.#end = o + 1;
    this.#enter(place, offset, hash);
    return offset;
  }

  /**
   * Returns the offset of the string that begins at `at` in `strings`; 0 if the string is empty or is not in the set.
   */
  find(strings: Uint8Array, at: number): number {
    const end = endOf(strings, at);
    if (end === at) return 0;
    return this.#table[this.#find(strings, at, end, hashOf(strings, at, end))] as number;
  }

  /**
   * Returns a function that adds a string of `strings` to the set. The function takes the string's offset in `strings`
   * and returns the string's offset in the set. It looks up each string only once.
   */
  adder(strings: Uint8Array): (offset: number) => number {
    const known = new Uint32Array(strings.length);
    return (offset) => {
      const old = known[offset] as number;
      if (old !== 0) return old;
      const added = this.add(strings, offset);
      known[offset] = added;
      return added;
    };
  }

  #addBase(base: Btf): void {
    if (base.base !== undefined) this.#addBase(base.base);
    const { [STRINGS]: strings, stringStart } = base;
    this.#bytes.set(strings, stringStart);
    this.#end = stringStart + strings.length;
    for (let at = 0; at < strings.length; ) {
      const end = endOf(strings, at);
      if (end > at) {
        const hash = hashOf(strings, at, end);
        const place = this.#find(strings, at, end, hash);
        if (this.#table[place] === 0) this.#enter(place, stringStart + at, hash);
      }
      at = end + 1;
    }
  }

  /** Returns the slot of a string in the table, or the free slot where it belongs. */
  #find(strings: Uint8Array, at: number, end: number, hash: number): number {
    const table = this.#table;
    const hashes = this.#hashes;
    const bytes = this.#bytes;
    const mask = table.length - 1;
    let place = hash & mask;
    for (let offset = table[place] as number; offset !== 0; offset = table[place] as number) {
      if (hashes[place] === hash) {
        let i = at;
        let o = offset;
        while (i < end && bytes[o] === strings[i]) {
          i++;
          o++;
        }
        if (i === end && (bytes[o] ?? 0) === 0) return place;
      }
      place = (place + 1) & mask;
    }
    return place;
  }

  #enter(place: number, offset: number, hash: number): void {
    this.#table[place] = offset;
    this.#hashes[place] = hash;
    if (2 * ++this.#count < this.#table.length) return;
    const [old, oldHashes] = [this.#table, this.#hashes];
    const table = new Uint32Array(4 * old.length);
    const hashes = new Uint32Array(4 * old.length);
    const mask = table.length - 1;
    for (let i = 0; i < old.length; i++) {
      const known = old[i] as number;
      if (known === 0) continue;
      let free = (oldHashes[i] as number) & mask;
      while (table[free] !== 0) free = (free + 1) & mask;
      table[free] = known;
      hashes[free] = oldHashes[i] as number;
    }
    this.#table = table;
    this.#hashes = hashes;
  }

  #reserve(size: number): void {
    if (this.#end + size <= this.#bytes.length) return;
    const larger = new Uint8Array(2 * (this.#end + size));
    larger.set(this.#bytes.subarray(0, this.#end));
    this.#bytes = larger;
  }
}

function endOf(strings: Uint8Array, at: number): number {
  let end = at;
  while (end < strings.length && strings[end] !== 0) end++;
  return end;
}

function hashOf(strings: Uint8Array, at: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let i = at; i < end; i++) hash = Math.imul(hash ^ (strings[i] as number), 0x01000193);
  return (hash ^ (hash >>> 15)) >>> 0;
}
