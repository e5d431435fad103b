import { CommandError } from "../failure/command-error.ts";

/** The words of a command line behind the command, taken one after another. */
export class Words {
  readonly #words: readonly string[];
  #at: number;
  constructor(words: readonly string[], at = 0) {
    this.#words = words;
    this.#at = Math.min(at, words.length);
  }

  /** How many words are left. */
  get left(): number {
    return this.#words.length - this.#at;
  }

  /** The next word, which stays; undefined at the end. */
  get peek(): string | undefined {
    return this.#words[this.#at];
  }

  /** The word before the next one, for messages. */
  get previous(): string {
    return this.#words[this.#at - 1] ?? "";
  }

  /** Takes the next word; `what` names it for the error where there is none. */
  take(what: string): string {
    const word = this.peek;
    if (word === undefined) throw new CommandError(`'${this.previous}' needs ${what}`);
    this.#at++;
    return word;
  }

  /** True, and takes the next word, where it is `keyword` or begins it. */
  takeKeyword(keyword: string): boolean {
    const word = this.peek;
    if (word === undefined || !begins(word, keyword)) return false;
    this.#at++;
    return true;
  }

  /** Throws unless at least `count` words are left, with bpftool's exit code where that is not the usual one. */
  need(count: number, options: { readonly exitCode?: number } = {}): void {
    if (this.left < count) {
      throw new CommandError(`'${this.previous}' needs at least ${count} arguments, ${this.left} found`, options);
    }
  }

  /** Throws where words are left over. */
  end(): void {
    if (this.left > 0) throw new CommandError(`expected no more arguments, got: '${this.peek}'?`);
  }
}

/** Whether a word stands for a keyword: it is its beginning. The empty word stands for none. */
export function begins(word: string, keyword: string): boolean {
  return word !== "" && keyword.startsWith(word);
}

/** Returns the error of a word that begins no handle. A bare number is most often meant as an id. */
export function unexpectedWord(keywords: string, { peek }: Words): CommandError {
  if (peek === undefined) return new CommandError(`expected ${keywords}, got: nothing`);
  const hint = /^\d+$/.test(peek) ? `; if it is an id, write 'id ${peek}'` : "";
  return new CommandError(`expected ${keywords}, got: '${peek}'?${hint}`);
}

/** What can be selected by a word that may be cut short. */
export interface Selectable {
  readonly name: string;
  /** It changes or removes something: a cut word selects it only where it fits nothing else. */
  readonly changes?: boolean;
}

/**
 * The entry of a table that a word stands for. As in bpftool the first one that it begins wins, so that the order of
 * the table is behaviour; but a cut word that fits several never selects one that changes something.
 */
export function select<T extends Selectable>(table: readonly T[], word: string, of: string): T {
  const exact = table.find(({ name }) => name === word);
  if (exact !== undefined) return exact;
  const fits = table.filter(({ name }) => begins(word, name));
  const [first] = fits;
  if (first === undefined) {
    throw new CommandError(
      `'${word}' is not a command of '${of}', which has: ${table.map(({ name }) => name).join(", ")}; see '${of} help'`,
    );
  }
  if (fits.length > 1 && first.changes) {
    const candidates = fits.map(({ name }) => `'${name}'`).join(", ");
    throw new CommandError(`'${word}' could be ${candidates}: write '${of} ${first.name}' in full if it is meant`);
  }
  return first;
}

const MAX_U32 = 0xffffffff;

/**
 * Reads a number as C's strtoul does with base 0: decimal, hexadecimal (`0x…`) or octal (`0…`). Returns undefined for
 * any other text: nothing may stand before or behind the digits.
 */
export function readNumber(text: string): number | undefined {
  if (/^0[0-7]+$/.test(text)) return Number.parseInt(text, 8);
  return /^(0[xX][0-9a-fA-F]+|0|[1-9][0-9]*)$/.test(text) ? Number(text) : undefined;
}

/** Parses a 32-bit number. Unlike bpftool it refuses what does not fit, instead of wrapping round. */
export function parseU32(text: string, what: string): number {
  const value = readNumber(text);
  // bpftool prints the word without quotes. The empty word needs them to be seen.
  if (value === undefined) throw new CommandError(`can't parse ${text === "" ? "''" : text} as ${what}`);
  if (value > MAX_U32) throw new CommandError(`can't parse '${text}' as ${what}: it is above ${MAX_U32}`);
  return value;
}
