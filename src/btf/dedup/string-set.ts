import type { Btf } from "../btf.ts";
import { STRINGS } from "../memory-keys.ts";

/**
 * Builds the string section of a new BTF without duplicates. Strings are kept as bytes, because names need not be
 * UTF-8. Strings of the base are not added again.
 */
export class StringSet {
  /** All strings at their offsets: first the strings of the base, then the new ones. */
  #bytes: Uint8Array;
  #end: number;
  readonly #ownStart: number;
  /** A hash table of string offsets; 0 for a free slot. A collision takes the next free slot. */
  #table: Uint32Array;
  #count = 0;

  constructor(base: Btf | undefined) {
    this.#ownStart = base === undefined ? 0 : base.stringStart + base[STRINGS].length;
    this.#bytes = new Uint8Array(this.#ownStart + 65_536);
    this.#table = new Uint32Array(1 << 12);
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
    const place = this.#find(strings, at, end);
    const known = this.#table[place] as number;
    if (known !== 0) return known;
    const offset = this.#end;
    this.#reserve(end - at + 1);
    this.#bytes.set(strings.subarray(at, end), offset);
    this.#bytes[offset + end - at] = 0;
    this.#end = offset + end - at + 1;
    this.#enter(place, offset);
    return offset;
  }

  /**
   * Returns the offset of the string that begins at `at` in `strings`; 0 if the string is empty or is not in the set.
   */
  find(strings: Uint8Array, at: number): number {
    const end = endOf(strings, at);
    return end === at ? 0 : (this.#table[this.#find(strings, at, end)] as number);
  }

  /**
   * Returns a function that adds a string of `strings` to the set. The function takes the string's offset in `strings`
   * and returns the string's offset in the set. It looks up each string only once.
   */
  adder(strings: Uint8Array): (offset: number) => number {
    const known = new Uint32Array(strings.length);
    return (offset) => {
      known[offset] ||= this.add(strings, offset);
      return known[offset] as number;
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
        const place = this.#find(strings, at, end);
        if (this.#table[place] === 0) this.#enter(place, stringStart + at);
      }
      at = end + 1;
    }
  }

  /** Returns the slot of a string in the table, or the free slot where it belongs. */
  #find(strings: Uint8Array, at: number, end: number): number {
    const table = this.#table;
    const bytes = this.#bytes;
    const mask = table.length - 1;
    let place = hashOf(strings, at, end) & mask;
    for (let offset = table[place] as number; offset !== 0; offset = table[place] as number) {
      let i = at;
      let o = offset;
      while (i < end && bytes[o] === strings[i]) {
        i++;
        o++;
      }
      if (i === end && (bytes[o] ?? 0) === 0) return place;
      place = (place + 1) & mask;
    }
    return place;
  }

  #enter(place: number, offset: number): void {
    this.#table[place] = offset;
    if (2 * ++this.#count < this.#table.length) return;
    const old = this.#table;
    this.#table = new Uint32Array(2 * old.length);
    const mask = this.#table.length - 1;
    for (const known of old) {
      if (known === 0) continue;
      let free = hashOf(this.#bytes, known, endOf(this.#bytes, known)) & mask;
      while (this.#table[free] !== 0) free = (free + 1) & mask;
      this.#table[free] = known;
    }
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
