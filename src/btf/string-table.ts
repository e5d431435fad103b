import { UsageError } from "../errors/index.ts";
import { encodeCString } from "../layout/index.ts";
import type { Btf } from "./btf.ts";

/** A string section being built: each text once, after those of a base or of an earlier version. */
export class StringTable {
  /** The offset that the next new string gets. */
  #end: number;
  readonly #base: Btf | undefined;
  readonly #offsets = new Map<string, number>();
  readonly #pieces: Uint8Array[] = [];

  /** `base` strings are reused; offsets go on where `start` says. */
  constructor(start: number, base: Btf | undefined) {
    this.#end = start;
    this.#base = base;
    this.#offsets.set("", 0);
  }

  /** The pieces of the section in order. */
  get pieces(): readonly Uint8Array[] {
    return this.#pieces;
  }

  /** The text's offset; it is added where it is new. */
  add(text: string): number {
    const known = this.#offsets.get(text);
    if (known !== undefined) return known;
    if (text.includes("\0")) throw new UsageError(`a BTF string cannot hold a NUL: ${JSON.stringify(text)}`);
    const bytes = encodeCString(text);
    let offset = this.#base === undefined ? undefined : findString(this.#base, bytes);
    if (offset === undefined) {
      offset = this.#end;
      this.#end += bytes.length;
      this.#pieces.push(bytes);
    }
    this.#offsets.set(text, offset);
    return offset;
  }

  /** Adds bytes as they are, without looking whether they are known. */
  append(bytes: Uint8Array): void {
    this.#pieces.push(bytes);
    this.#end += bytes.length;
  }
}

/** The offset of a string (`bytes` with its NUL) in a BTF or its bases. */
export function findString(btf: Btf, bytes: Uint8Array): number | undefined {
  for (let owner: Btf | undefined = btf; owner !== undefined; owner = owner.base) {
    const { strings } = owner;
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
