import { FormatError } from "../errors/index.ts";
import { Bytes, decodeText } from "./cursor.ts";

/** Texts of an honest section may share their tails, so they add up to more than it holds, but not to much more. */
const MOST_TEXT_PER_BYTE = 16;
/** Names of this length are usual: to compare one costs nothing. */
const USUAL_LENGTH = 128;
/** How many bytes of longer names may be compared while a section is in use. */
const MOST_COMPARED = 1 << 26;

const NUL = 0;
const AT = 0x40;
const encoder = new TextEncoder();

/** Bounds the work that the strings of one input cause. */
export class StringBudget {
  readonly #source: string;
  #left: number;

  /** `source` names the input in errors. */
  constructor(source: string, bytes: number) {
    this.#source = source;
    this.#left = bytes;
  }

  /** Takes bytes from the budget. Throws FormatError if so many are not left. */
  spend(bytes: number): void {
    this.#left -= bytes;
    if (this.#left < 0) throw new FormatError({ source: this.#source }, "the strings overlap beyond all reason");
  }

  /** Takes the bytes of a comparison, which is free if it is short. */
  spendCompared(bytes: number): void {
    if (bytes > USUAL_LENGTH) this.spend(bytes);
  }
}

/** The strings of an ELF file or a BTF: each ends with a NUL, and is decoded once. */
export class StringSection {
  readonly #bytes: Bytes;
  readonly #known = new Map<number, string>();
  readonly #decoded: StringBudget;
  /** What searches for names in this section spend. */
  readonly compared: StringBudget;

  /** `source` names the section in errors. With `trusted` names may be compared without end. */
  constructor(data: Uint8Array, source: string, options: { trusted?: boolean } = {}) {
    this.#bytes = new Bytes(data, source);
    this.#decoded = new StringBudget(source, MOST_TEXT_PER_BYTE * data.length + 4096);
    this.compared = new StringBudget(source, options.trusted === true ? Number.POSITIVE_INFINITY : MOST_COMPARED);
  }

  /** Returns the text at an offset; `what` says in an error whose text it is. Throws FormatError. */
  at(offset: number, what: string): string {
    const known = this.#known.get(offset);
    if (known !== undefined) return known;
    // An absent name is 0, also where the section itself is missing.
    if (offset === 0 && this.#bytes.length === 0) return "";
    const end = this.#bytes.cstringEnd(offset, what);
    this.#decoded.spend(end - offset);
    const text = decodeText(this.#bytes.data, offset, end);
    this.#known.set(offset, text);
    return text;
  }

  /** Returns a test whether the text at an offset is `name`, or with `versioned` also `name@…`. It decodes nothing. */
  matcher(name: string, versioned: boolean): (offset: number) => boolean {
    const { data } = this.#bytes;
    const wanted = encoder.encode(name);
    return (offset) => {
      const next = data[offset + wanted.length];
      if (next !== NUL && !(versioned && next === AT)) return false;
      return beginsWith(data, offset, wanted, this.compared);
    };
  }
}

/** Tells whether the bytes at an offset begin with others. */
export function beginsWith(data: Uint8Array, offset: number, start: Uint8Array, budget: StringBudget): boolean {
  let same = 0;
  while (same < start.length && data[offset + same] === start[same]) same++;
  budget.spendCompared(same);
  return same === start.length;
}
