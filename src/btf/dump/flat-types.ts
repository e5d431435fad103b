import { StringBudget } from "../../layout/index.ts";
import type { Btf } from "../btf.ts";
import { STRINGS, WORDS } from "../memory-keys.ts";
import { ELEMENTS, NAMES, REFERENCES, TARGET, UNKNOWN, WIDTH } from "../type-fields.ts";
import { BtfKind, type TypeId } from "../types.ts";

/**
 * All types of a BTF and of its bases as plain arrays: the words of all types, the strings, and the index at which each
 * type begins. It is made for passes that visit every type. If the BTF has no base, nothing is copied. With `writable`,
 * the words are always a copy, which the pass may change.
 */
export class FlatTypes {
  readonly btf: Btf;
  readonly words: Uint32Array;
  readonly strings: Uint8Array;
  /** The index of each type's first word in {@link words}. The entry of void (0) is not used. */
  readonly offsets: Uint32Array;
  /** The id after the last type. */
  readonly endId: TypeId;

  constructor(btf: Btf, { writable = false } = {}) {
    const chain: Btf[] = [];
    for (let owner: Btf | undefined = btf; owner !== undefined; owner = owner.base) chain.unshift(owner);
    this.btf = btf;
    this.endId = btf.endId;
    const wordCount = chain.reduce((sum, owner) => sum + owner[WORDS].length, 0);
    const isShared = chain.length === 1 && !writable;
    this.words = isShared ? btf[WORDS] : new Uint32Array(wordCount);
    this.offsets = new Uint32Array(this.endId);
    const last = chain[chain.length - 1] as Btf;
    this.strings = chain.length === 1 ? btf[STRINGS] : new Uint8Array(last.stringStart + last[STRINGS].length);
    let start = 0;
    for (const owner of chain) {
      if (!isShared) this.words.set(owner[WORDS], start);
      if (chain.length > 1) this.strings.set(owner[STRINGS], owner.stringStart);
      const { wordIndexes, firstId } = owner;
      this.offsets.set(wordIndexes, firstId);
      if (start > 0)
        for (let id = firstId; id < owner.endId; id++) this.offsets[id] = (this.offsets[id] as number) + start;
      start += owner[WORDS].length;
    }
  }

  /** The size of all types and strings. The limits on work grow with this size. */
  get byteLength(): number {
    return 4 * this.words.length + this.strings.length;
  }

  kind(id: TypeId): BtfKind {
    return id === 0 ? 0 : ((((this.words[(this.offsets[id] as number) + 1] as number) >>> 24) & 0x7f) as BtfKind);
  }

  nameOffset(id: TypeId): number {
    return id === 0 ? 0 : (this.words[this.offsets[id] as number] as number);
  }

  vlen(id: TypeId): number {
    return id === 0 ? 0 : (this.words[(this.offsets[id] as number) + 1] as number) & 0xffffff;
  }

  kindFlag(id: TypeId): boolean {
    return id !== 0 && (this.words[(this.offsets[id] as number) + 1] as number) >>> 31 === 1;
  }

  /** Returns the third word of a type, the union `size`/`type`. Void has no such word. */
  third(id: TypeId): number {
    return this.words[(this.offsets[id] as number) + 2] as number;
  }

  /** Returns the index of the word after `struct btf_type`, where members, parameters or enumerators begin. */
  after(id: TypeId): number {
    return (this.offsets[id] as number) + 3;
  }

  /** Returns the type that a pointer, typedef, modifier, tag or array refers to. */
  target(id: TypeId): TypeId {
    const at = this.offsets[id] as number;
    const isArray = (((this.words[at + 1] as number) >>> 24) & 0x7f) === BtfKind.ARRAY;
    return this.words[isArray ? at + 3 : at + 2] as number;
  }

  /**
   * Checks that each reference leads to an existing type, that each name lies within the strings, and that long names
   * are not used too often. Throws FormatError. Returns an array with 1 for each type that another type refers to. The
   * return type of a function does not count as referred to.
   */
  check(): Uint8Array {
    const { words, offsets, endId, strings } = this;
    const nameEnd = Math.max(1, strings.length);
    const names = hasLongString(strings) ? new StringBudget(this.btf.source, 2 * this.byteLength) : undefined;
    const referenced = new Uint8Array(endId);
    for (let id = 1; id < endId; id++) {
      const at = offsets[id] as number;
      const info = words[at + 1] as number;
      const kind = (info >>> 24) & 0x7f;
      const first = at + 3;
      const elements = ELEMENTS[kind] as number;
      if (elements === UNKNOWN) throw this.btf.error(id, `has the unknown kind ${kind}`);
      if ((words[at] as number) >= nameEnd) this.#badName(id, words[at] as number);
      if (names !== undefined) spendName(names, strings, words[at] as number);
      if ((elements & TARGET) !== 0) {
        const target = words[at + 2] as number;
        if (target >= endId) this.#badReference(id, target);
        if (kind !== BtfKind.FUNC_PROTO) referenced[target] = 1;
      }
      const width = elements & WIDTH;
      const end = kind === BtfKind.ARRAY ? first + 2 : first + width * (info & 0xffffff);
      const nameStep = (elements & NAMES) !== 0 ? width : 0;
      if (nameStep > 0) {
        for (let e = first; e < end; e += nameStep) {
          if ((words[e] as number) >= nameEnd) this.#badName(id, words[e] as number);
          if (names !== undefined) spendName(names, strings, words[e] as number);
        }
      }
      if ((elements & REFERENCES) !== 0) {
        for (let e = first + (nameStep > 0 ? 1 : 0); e < end; e += width) {
          const target = words[e] as number;
          if (target >= endId) this.#badReference(id, target);
          referenced[target] = 1;
        }
      }
    }
    return referenced;
  }

  #badName(id: TypeId, offset: number): never {
    throw this.btf.error(
      id,
      `has a name at offset ${offset}, past the end of the strings (${this.strings.length} bytes)`,
    );
  }

  #badReference(id: TypeId, target: TypeId): never {
    throw this.btf.error(id, `refers to type ${target}, but the last type is ${this.endId - 1}`);
  }
}

/** A name of up to this length may be used any number of times. */
const USUAL_NAME = 512;

/** Returns true if there is a string longer than {@link USUAL_NAME}. Reads only a part of the bytes. */
function hasLongString(strings: Uint8Array): boolean {
  let last = strings.length;
  for (let end = last - USUAL_NAME; end > 0; end = last - USUAL_NAME) {
    let nul = end - 1;
    while (nul < last && strings[nul] !== 0) nul++;
    if (nul === last) return true;
    last = nul;
  }
  return false;
}

/** If a name is long, takes its length from the budget. */
function spendName(budget: StringBudget, strings: Uint8Array, offset: number): void {
  let end = offset;
  while (end < strings.length && strings[end] !== 0) end++;
  if (end - offset > USUAL_NAME) budget.spend(end - offset);
}
