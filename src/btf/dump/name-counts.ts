/** C has one name space for tags of structs, unions and enums, and another for typedefs and enumerators. */
export type NameSpace = 0 | 1;
export const TAG_NAMES: NameSpace = 0;
export const ORDINARY_NAMES: NameSpace = 1;

const SMALLEST_TABLE = 1 << 8;

/** Counts the uses of each name, so that the second `foo` becomes `foo___2`. Names are compared by their bytes. */
export class NameCounts {
  readonly #strings: Uint8Array;
  /**
   * For each slot of the hash table: the string offset of a name (0 for a free slot), and how often the name was used
   * in each of the two name spaces.
   */
  #slots: Uint32Array;
  #mask: number;
  #used = 0;

  /** `expected` is the expected number of names; there may be more. */
  constructor(strings: Uint8Array, expected: number) {
    let size = SMALLEST_TABLE;
    while (size < expected) size *= 2;
    this.#strings = strings;
    this.#slots = new Uint32Array(3 * size);
    this.#mask = size - 1;
  }

  /**
   * Counts a use of the name at a string offset other than 0. Returns the number of uses so far, including this one.
   */
  add(offset: number, space: NameSpace): number {
    let at = 3 * this.#find(offset);
    if (this.#slots[at] === 0) {
      if (2 * this.#used > this.#mask) {
        this.#grow();
        at = 3 * this.#find(offset);
      }
      this.#slots[at] = offset;
      this.#used++;
    }
    const count = (this.#slots[at + 1 + space] as number) + 1;
    this.#slots[at + 1 + space] = count;
    return count;
  }

  /** Returns the slot that has the name, or the free slot for it. */
  #find(offset: number): number {
    const strings = this.#strings;
    let hash = 0x811c9dc5;
    for (let i = offset; strings[i] !== 0; i++) hash = Math.imul(hash ^ (strings[i] as number), 0x01000193);
    const slots = this.#slots;
    const mask = this.#mask;
    for (let slot = (hash ^ (hash >>> 15)) & mask; ; slot = (slot + 1) & mask) {
      const known = slots[3 * slot] as number;
      if (known === 0 || known === offset || sameText(strings, known, offset)) return slot;
    }
  }

  #grow(): void {
    const old = this.#slots;
    this.#mask = 2 * this.#mask + 1;
    this.#slots = new Uint32Array(3 * (this.#mask + 1));
    for (let at = 0; at < old.length; at += 3) {
      if (old[at] === 0) continue;
      this.#slots.set(old.subarray(at, at + 3), 3 * this.#find(old[at] as number));
    }
  }
}

/** Returns true if two NUL-terminated strings of one section are equal. */
export function sameText(strings: Uint8Array, a: number, b: number): boolean {
  for (let i = 0; ; i++) {
    const byte = strings[a + i];
    if (byte !== strings[b + i]) return false;
    if (byte === 0 || byte === undefined) return true;
  }
}

/** Compares two NUL-terminated strings of one section byte by byte, as strcmp() does. */
export function compareText(strings: Uint8Array, a: number, b: number): number {
  if (a === b) return 0;
  for (let i = 0; ; i++) {
    const left = strings[a + i] ?? 0;
    const right = strings[b + i] ?? 0;
    if (left !== right) return left - right;
    if (left === 0) return 0;
  }
}
