import { encodeCString } from "../../layout/index.ts";
import { Btf } from "../btf.ts";
import { encodeBlob } from "../encode-blob.ts";
import { STRINGS, WORDS } from "../memory-keys.ts";
import { ELEMENTS, typeLength, UNKNOWN, visitNames, visitReferences } from "../type-fields.ts";
import { BtfKind, type BtfSecInfo, type TypeId } from "../types.ts";
import { StringSet } from "./string-set.ts";

/** The number of the linkage `global` of a FUNC or VAR. */
const GLOBAL = 1;

/** What {@link TypeCollector.append} does with a type: copies it, leaves it out, or uses a type that is there already. */
export type Placement = "copy" | "omit" | TypeId;

/**
 * Collects the types of several BTFs one after the other, for the static linker. A later file may complete a type that
 * is there already, for instance with the names of parameters.
 */
export class TypeCollector {
  readonly little: boolean;
  #words = new Uint32Array(1 << 12);
  #end = 0;
  /** The index of the first word of each type, by id. Void has no words. */
  readonly #offsets: number[] = [0];
  readonly #strings = new StringSet(undefined);

  constructor(little: boolean) {
    this.little = little;
  }

  /** The id after the last type. */
  get endId(): TypeId {
    return this.#offsets.length;
  }

  /**
   * Appends the types of a BTF. `place` decides what to do with each type; its argument `next` is the id that a copy
   * would get. Returns the new id of each type, by its old id; 0 for types that were left out. Throws FormatError if a
   * copied type refers to one that was left out.
   */
  append(source: Btf, place: (id: TypeId, next: TypeId) => Placement): Uint32Array {
    const ids = new Uint32Array(source.endId);
    const start = this.endId;
    const copied: TypeId[] = [];
    const addName = this.#strings.adder(source[STRINGS]);
    const { [WORDS]: words } = source;
    const offsets = source.wordIndexes;
    for (let id = 1; id < source.endId; id++) {
      const at = offsets[id - 1] as number;
      const kind = source.kind(id);
      if (ELEMENTS[kind] === UNKNOWN) throw source.error(id, `has the unknown kind ${kind}`);
      const where = place(id, this.endId);
      if (where === "omit") continue;
      if (where !== "copy") {
        ids[id] = where;
        continue;
      }
      const first = this.#add(words.subarray(at, at + typeLength(words, at)));
      visitNames(this.#words, first, (index) => {
        const name = this.#words[index] as number;
        if (name >= source[STRINGS].length) source.string(name);
        this.#words[index] = addName(name);
      });
      ids[id] = this.endId - 1;
      copied.push(id);
    }
    copied.forEach((id, i) => {
      visitReferences(this.#words, this.#offsets[start + i] as number, (index) => {
        const old = this.#words[index] as number;
        source.check(old);
        if (old !== 0 && ids[old] === 0) throw source.error(id, `refers to type ${old}, which cannot be linked`);
        this.#words[index] = ids[old] as number;
      });
    });
    return ids;
  }

  /**
   * Adds a string of another BTF to the new BTF, unless it is there already. Returns the string's offset in the new
   * BTF. Throws FormatError.
   */
  addStringOf(source: Btf, offset: number): number {
    if (offset === 0) return 0;
    if (offset >= source[STRINGS].length) source.string(offset);
    return this.#strings.add(source[STRINGS], offset);
  }

  /** Adds a text to the strings of the new BTF, unless it is there already. Returns the text's offset. */
  addString(text: string): number {
    return this.#strings.add(encodeCString(text), 0);
  }

  /** Returns the type that a FUNC, VAR or other reference leads to. */
  target(id: TypeId): TypeId {
    return this.#words[(this.#offsets[id] as number) + 2] as number;
  }

  setTarget(id: TypeId, target: TypeId): void {
    this.#words[(this.#offsets[id] as number) + 2] = target;
  }

  /** Gives a FUNC or VAR global linkage. */
  makeGlobal(id: TypeId): void {
    const at = this.#offsets[id] as number;
    if (this.#kind(id) === BtfKind.FUNC) this.#words[at + 1] = (BtfKind.FUNC << 24) | GLOBAL;
    else this.#words[at + 3] = GLOBAL;
  }

  /** Gives the parameters of a FUNC_PROTO the names that they have in a FUNC_PROTO of another BTF. */
  nameParameters(id: TypeId, source: Btf, sourceId: TypeId): void {
    if (this.#kind(id) !== BtfKind.FUNC_PROTO || source.kind(sourceId) !== BtfKind.FUNC_PROTO) return;
    const from = source.wordIndex(sourceId) + 3;
    const to = (this.#offsets[id] as number) + 3;
    const count = Math.min(this.#words[to - 2] as number, source[WORDS][from - 2] as number) & 0xffffff;
    for (let i = 0; i < count; i++) {
      const name = source[WORDS][from + 2 * i] as number;
      if (name !== 0) this.#words[to + 2 * i] = this.addStringOf(source, name);
    }
  }

  /** Appends a DATASEC. */
  addDatasec(name: string, size: number, variables: readonly BtfSecInfo[]): void {
    const words = [this.addString(name), ((BtfKind.DATASEC << 24) | variables.length) >>> 0, size];
    for (const { type, offset, size } of variables) words.push(type, offset, size);
    this.#add(words);
  }

  /**
   * Returns all types as one BTF, with their names and the strings that were added. `source` is the name of this BTF in
   * errors.
   */
  finish(source: string): Btf {
    const words = this.#words.subarray(0, this.#end);
    const { little } = this;
    const data = encodeBlob({ little, words: [words], strings: [this.#strings.section], hasLongHeader: true });
    return Btf.parse(data, { source });
  }

  #kind(id: TypeId): BtfKind {
    if (id === 0) return BtfKind.VOID;
    return (((this.#words[(this.#offsets[id] as number) + 1] as number) >>> 24) & 0x7f) as BtfKind;
  }

  /** Adds the words of a type. Returns the index of the first word. */
  #add(words: ArrayLike<number>): number {
    const first = this.#end;
    if (first + words.length > this.#words.length) {
      const larger = new Uint32Array(2 * (first + words.length));
      larger.set(this.#words.subarray(0, first));
      this.#words = larger;
    }
    this.#words.set(words, first);
    this.#offsets.push(first);
    this.#end += words.length;
    return first;
  }
}
