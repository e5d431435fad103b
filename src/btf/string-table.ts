import { UsageError } from "../errors/index.ts";
import { decodeText, encodeCString } from "../layout/index.ts";
import type { Btf } from "./btf.ts";
import { STRINGS } from "./memory-keys.ts";

/** Builds a string section without repeated texts. Offsets may continue those of a base or of an earlier version. */
export class StringTable {
  /** The offset of the next new string. */
  #end: number;
  readonly #base: StringFinder | undefined;
  readonly #offsets = new Map<string, number>();
  readonly #pieces: Uint8Array[] = [];

  /** The first new string gets the offset `start`. Strings of `base` are not added again. */
  constructor(start: number, base: Btf | undefined) {
    this.#end = start;
    this.#base = base && new StringFinder(base);
    this.#offsets.set("", 0);
  }

  /** The pieces that make up the section, in order. */
  get pieces(): readonly Uint8Array[] {
    return this.#pieces;
  }

  /** Adds a text to the section, unless it is there already. Returns the text's offset. */
  add(text: string): number {
    const known = this.#offsets.get(text);
    if (known !== undefined) return known;
    if (text.includes("\0")) throw new UsageError(`a BTF string cannot hold a NUL: ${JSON.stringify(text)}`);
    let offset = this.#base?.find(text);
    if (offset === undefined) {
      const bytes = encodeCString(text);
      offset = this.#end;
      this.#end += bytes.length;
      this.#pieces.push(bytes);
    }
    this.#offsets.set(text, offset);
    return offset;
  }

  /** Adds bytes unchanged, without a search for equal strings. */
  append(bytes: Uint8Array): void {
    this.#pieces.push(bytes);
    this.#end += bytes.length;
  }
}

/** After this many searches, an index of all strings is cheaper than further searches. */
const SEARCHES_BEFORE_INDEX = 16;

/** Finds strings of a BTF and its bases by their text. */
export class StringFinder {
  readonly #btf: Btf;
  #searches = 0;
  #index: ReadonlyMap<string, number> | undefined;

  constructor(btf: Btf) {
    this.#btf = btf;
  }

  /** Returns the offset of a text that is a whole string, not the tail of a longer one; undefined if there is none. */
  find(text: string): number | undefined {
    if (++this.#searches > SEARCHES_BEFORE_INDEX) this.#index ??= indexStrings(this.#btf);
    return this.#index === undefined ? searchString(this.#btf, encodeCString(text)) : this.#index.get(text);
  }
}

function searchString(btf: Btf, bytes: Uint8Array): number | undefined {
  for (let owner: Btf | undefined = btf; owner !== undefined; owner = owner.base) {
    const { [STRINGS]: strings } = owner;
    const first = bytes[0] as number;
    for (let at = strings.indexOf(first); at >= 0; at = strings.indexOf(first, at + 1)) {
      if (at > 0 && strings[at - 1] !== 0) continue;
      let i = 1;
      while (i < bytes.length && strings[at + i] === bytes[i]) i++;
      if (i === bytes.length) return owner.stringStart + at;
    }
  }
  return undefined;
}

function indexStrings(btf: Btf): Map<string, number> {
  const index = new Map<string, number>();
  for (let owner: Btf | undefined = btf; owner !== undefined; owner = owner.base) {
    const { [STRINGS]: strings, stringStart } = owner;
    for (let at = 0; at < strings.length; ) {
      const end = strings.indexOf(0, at);
      const text = decodeText(strings, at, end);
      // A string with bytes that are not UTF-8 is left out, because nobody can search for it.
      if (!text.includes(REPLACEMENT) && !index.has(text)) index.set(text, stringStart + at);
      at = end + 1;
    }
  }
  return index;
}

/** The character that the decoder puts in place of bytes that are not UTF-8. */
const REPLACEMENT = "\ufffd";
