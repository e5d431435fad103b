import { BtfKind, type TypeId } from "../types.ts";
import type { ByteSink } from "./byte-sink.ts";
import type { FlatTypes } from "./flat-types.ts";
import { NameCounts, type NameSpace } from "./name-counts.ts";

/** The most bytes of a name with its suffix, such as `___2`: libbpf's buffer has 256 bytes. */
const LONGEST_NUMBERED_NAME = 255;

/** Prints the names of types. A name that other types have used before gets a number, as libbpf gives it. */
export class NamePrinter {
  readonly #types: FlatTypes;
  readonly #strings: Uint8Array;
  readonly #out: ByteSink;
  /** 1 for each type for which {@link choose} has chosen a name. */
  readonly #isChosen: Uint8Array;
  /** The number to append to the name, for each type whose name another type has used before. */
  readonly #numbers = new Map<TypeId, number>();
  readonly #counts: NameCounts;

  constructor(types: FlatTypes, out: ByteSink) {
    this.#types = types;
    this.#strings = types.strings;
    this.#out = out;
    this.#isChosen = new Uint8Array(types.endId);
    this.#counts = new NameCounts(types.strings, types.endId / 2);
  }

  /** Prints a type's name, with a number if another type with this name was printed before. */
  print(id: TypeId, space: NameSpace): void {
    this.choose(id, space);
    const name = this.#types.nameOffset(id);
    const number = this.#numbers.size === 0 ? undefined : this.#numbers.get(id);
    if (number === undefined) {
      this.#out.name(this.#strings, name);
      return;
    }
    const suffix = `___${number}`;
    let length = 0;
    while (this.#strings[name + length] !== 0) length++;
    this.#out.name(this.#strings, name, LONGEST_NUMBERED_NAME);
    this.#out.text(suffix.slice(0, Math.max(0, LONGEST_NUMBERED_NAME - length)));
  }

  /** Chooses the number that a type's name gets, if another type with this name was printed before. Chooses once. */
  choose(id: TypeId, space: NameSpace): void {
    if (this.#isChosen[id] !== 0) return;
    const name = this.#types.nameOffset(id);
    if (name === 0) return;
    this.#isChosen[id] = 1;
    const kind = this.#types.kind(id);
    // A forward declaration has the same name as the definition and must not be counted.
    if (kind === BtfKind.FWD || (kind === BtfKind.ENUM && this.#types.vlen(id) === 0)) return;
    const count = this.count(name, space);
    if (count > 1) this.#numbers.set(id, count);
  }

  /** Counts one more use of a name. Returns how often it was used, the first use of a name included. */
  count(name: number, space: NameSpace): number {
    return name === 0 ? 1 : this.#counts.add(name, space);
  }

  /** Returns true if a type has this name. */
  isNamed(id: TypeId, name: string): boolean {
    const at = this.#types.nameOffset(id);
    for (let i = 0; i < name.length; i++) if (this.#strings[at + i] !== name.charCodeAt(i)) return false;
    return this.#strings[at + name.length] === 0;
  }
}
