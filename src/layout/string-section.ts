import { FormatError } from "../errors/index.ts";
import { Bytes, decodeText } from "./cursor.ts";

/**
 * One string may be the tail of another. So the lengths of all strings can add up to more than the size of the section,
 * but to at most this multiple of the size.
 */
const MOST_TEXT_PER_BYTE = 16;
/** Comparisons of names up to this length are free, because real names are rarely longer. */
const USUAL_LENGTH = 128;
/** The most bytes of longer names that may be compared in one section. */
const MOST_COMPARED = 1 << 26;

const NUL = 0;
const AT = 0x40;
const encoder = new TextEncoder();

/** Limits the work that the strings of one input cause. */
export class StringBudget {
  readonly #source: string;
  #left: number;

  /** `source` names the input in errors. */
  constructor(source: string, bytes: number) {
    this.#source = source;
    this.#left = bytes;
  }

  /** Takes bytes from the budget. Throws FormatError if fewer are left. */
  spend(bytes: number): void {
    this.#left -= bytes;
    if (this.#left < 0)
      throw new FormatError(
        { source: this.#source },
        "the strings overlap so much that reading them would take too long",
      );
  }

  /** Takes the bytes of one comparison from the budget. A short comparison is free. */
  spendCompared(bytes: number): void {
    if (bytes > USUAL_LENGTH) this.spend(bytes);
  }
}

/** The string section of an ELF file or a BTF. Each string ends with a NUL and is decoded only once. */
export class StringSection {
  readonly #bytes: Bytes;
  readonly #known = new Map<number, string>();
  readonly #decoded: StringBudget;
  /** The budget for searches by name in this section. */
  readonly compared: StringBudget;

  /** `source` names the section in errors. If `trusted` is true, comparisons of names are unlimited. */
  constructor(data: Uint8Array, source: string, options: { trusted?: boolean } = {}) {
    this.#bytes = new Bytes(data, source);
    this.#decoded = new StringBudget(source, MOST_TEXT_PER_BYTE * data.length + 4096);
    this.compared = new StringBudget(source, options.trusted === true ? Number.POSITIVE_INFINITY : MOST_COMPARED);
  }

  /** Returns the string at an offset. `what` names the string in errors. Throws FormatError. */
  at(offset: number, what: string): string {
    const known = this.#known.get(offset);
    if (known !== undefined) return known;
    // Offset 0 means "no name", even if the section itself is missing.
    if (offset === 0 && this.#bytes.length === 0) return "";
    const end = this.#bytes.cstringEnd(offset, what);
    this.#decoded.spend(end - offset);
    const text = decodeText(this.#bytes.data, offset, end);
    this.#known.set(offset, text);
    return text;
  }

  /**
   * Returns a function that tells whether the string at an offset is `name`. With `versioned`, `name@…` matches too.
   */
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

/** Returns true if the bytes at an offset begin with `start`. */
export function beginsWith(data: Uint8Array, offset: number, start: Uint8Array, budget: StringBudget): boolean {
  let same = 0;
  while (same < start.length && data[offset + same] === start[same]) same++;
  budget.spendCompared(same);
  return same === start.length;
}
