import { BtfKind, type TypeId } from "../types.ts";
import type { ByteSink } from "./byte-sink.ts";
import type { FlatTypes } from "./flat-types.ts";
import { NameCounts, type NameSpace } from "./name-counts.ts";

/** The most bytes of a name with its suffix, such as `___2`: libbpf's buffer has 256 bytes. */
const LONGEST_NUMBERED_NAME = 255;

/** Prints the names of types. If other types have used a name before, the name gets a number, as in libbpf. */
export class NamePrinter {
  readonly #types: FlatTypes;
  readonly #strings: Uint8Array;
  readonly #out: ByteSink;
  /** For each type: 1 if {@link choose} has chosen its name. */
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

  /**
   * If another type with the same name was printed before, chooses the number for this type's name. A second call for a
   * type changes nothing.
   */
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

  /** Counts one more use of a name. Returns the number of uses so far, including this one. */
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
