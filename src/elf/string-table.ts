import { Bytes } from "../layout/index.ts";

/** Names may share their tails, so the texts of an honest table add up to more than it holds, but not to much more. */
const MOST_TEXT_PER_BYTE = 64;

/** A string table section. Every string is decoded once; the work that a hostile table can cause is bounded. */
export class ElfStrings {
  readonly #bytes: Bytes;
  readonly #known = new Map<number, string>();
  #budget: number;

  /** `source` names the section in errors. */
  constructor(data: Uint8Array, source: string) {
    this.#bytes = new Bytes(data, source);
    this.#budget = MOST_TEXT_PER_BYTE * data.length + 4096;
  }

  /** The NUL-terminated text at an offset; `what` says in an error whose name it is. Throws FormatError. */
  at(offset: number, what: string): string {
    const known = this.#known.get(offset);
    if (known !== undefined) return known;
    // An absent name is 0, also where the table itself is missing.
    if (offset === 0 && this.#bytes.length === 0) return "";
    const text = this.#bytes.cstring(offset, what);
    this.#budget -= text.length;
    if (this.#budget < 0) throw this.#bytes.error(offset, "the strings overlap beyond all reason");
    this.#known.set(offset, text);
    return text;
  }

  /** Whether the text at an offset is `name`, or with `versioned` also `name@…`; decides on the bytes. */
  matcher(name: string, versioned: boolean): (offset: number) => boolean {
    const { data } = this.#bytes;
    const wanted = encoder.encode(name);
    return (offset) => {
      for (let i = 0; i < wanted.length; i++) if (data[offset + i] !== wanted[i]) return false;
      const next = data[offset + wanted.length];
      return next === 0 || (versioned && next === AT);
    };
  }
}

const encoder = new TextEncoder();
const AT = 0x40;
