import { CommandError } from "../failure/command-error.ts";

/** The words after the command's name. A command takes them one by one. */
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

  /** The next word, without taking it; undefined at the end. */
  get peek(): string | undefined {
    return this.#words[this.#at];
  }

  /** The word after the next one, without taking it; undefined at the end. */
  get second(): string | undefined {
    return this.#words[this.#at + 1];
  }

  /** The word that was taken last, for error messages. */
  get previous(): string {
    return this.#words[this.#at - 1] ?? "";
  }

  /** Takes the next word. If no word is left, throws an error that says that `what` is needed. */
  take(what: string): string {
    const word = this.peek;
    if (word === undefined) throw new CommandError(`'${this.#taken}' needs ${what}`);
    this.#at++;
    return word;
  }

  /**
   * The words that were taken so far, for error messages. For a long command line, only its beginning and the last
   * word.
   */
  get #taken(): string {
    const taken = this.#words.slice(0, this.#at);
    return taken.length <= MOST_SHOWN ? taken.join(" ") : `${taken.slice(0, 2).join(" ")} … ${this.previous}`;
  }

  /** Takes the next word if it is `keyword` or a beginning of it. Returns true if it took the word. */
  takeKeyword(keyword: string): boolean {
    const word = this.peek;
    if (word === undefined || !begins(word, keyword)) return false;
    this.#at++;
    return true;
  }

  /** Throws unless at least `count` words are left. `exitCode` is bpftool's exit code, if it is not the usual one. */
  need(count: number, options: { readonly exitCode?: number } = {}): void {
    if (this.left < count) {
      throw new CommandError(`'${this.previous}' needs at least ${count} arguments, ${this.left} found`, options);
    }
  }

  /** Throws if words are left. */
  end(): void {
    if (this.left > 0) throw new CommandError(`expected no more arguments, got: '${this.peek}'?`);
  }
}

/** Returns true if the word is the keyword or a beginning of it. The empty word does not count as a beginning. */
export function begins(word: string, keyword: string): boolean {
  return word !== "" && keyword.startsWith(word);
}

/** An error message shows at most this many words of the command line. */
const MOST_SHOWN = 5;

/**
 * Returns the error for the next word, which is none of the keywords that may stand here. The error report suggests the
 * keywords that are similar to the word. If the word is a number, the error says how to write an id. `mayEnd` is true if
 * the command line may also end here.
 */
export function unexpectedWord(
  keywords: readonly string[],
  { peek }: Words,
  { mayEnd = false, exitCode }: { readonly mayEnd?: boolean; readonly exitCode?: number } = {},
): CommandError {
  const expected = `expected ${mayEnd ? "no more arguments, " : ""}${oneOf(keywords)}`;
  const exit = exitCode === undefined ? {} : { exitCode };
  if (peek === undefined) return new CommandError(`${expected}, got: nothing`, exit);
  const hint = /^\d+$/.test(peek) && keywords.includes("id") ? `; if it is an id, write 'id ${peek}'` : "";
  return new CommandError(`${expected}, got: '${peek}'?${hint}`, { ...exit, typo: { word: peek, names: keywords } });
}

/** Formats keywords for an error message: `'id', 'name' or 'pinned'`. */
export function oneOf(keywords: readonly string[]): string {
  const quoted = keywords.map((keyword) => `'${keyword}'`);
  const last = quoted.pop() ?? "";
  return quoted.length === 0 ? last : `${quoted.join(", ")} or ${last}`;
}

/** An entry of a table. A word on the command line selects the entry; users may shorten the word. */
export interface Selectable {
  readonly name: string;
  /**
   * True if the command changes or removes something. A shortened word selects this entry only if the word matches no
   * other entry.
   */
  readonly changes?: boolean;
  /** True if help and errors do not mention the entry, and no shortened word selects it. */
  readonly hidden?: boolean;
}

/**
 * Returns the entry that a word selects. As in bpftool, the first entry that begins with the word wins, so the order of
 * the table matters. But a shortened word that matches several entries never selects a command that changes something.
 */
export function select<T extends Selectable>(table: readonly T[], word: string, of: string): T {
  const exact = table.find(({ name }) => name === word);
  if (exact !== undefined) return exact;
  const fits = table.filter(({ name, hidden }) => hidden !== true && begins(word, name));
  const [first] = fits;
  if (first === undefined) throw unknownWord(table, word, of);
  if (fits.length > 1 && first.changes) {
    const candidates = fits.map(({ name }) => `'${name}'`).join(", ");
    throw new CommandError(`'${word}' could be ${candidates}: to run '${of} ${first.name}', write it in full`);
  }
  return first;
}

function unknownWord(table: readonly Selectable[], word: string, of: string): CommandError {
  const names = table.filter(({ hidden }) => hidden !== true).map(({ name }) => name);
  return new CommandError(`'${word}' is not a command of '${of}', which has: ${names.join(", ")}; see '${of} help'`, {
    typo: { word, names },
  });
}

const MAX_U32 = 0xffffffff;

/**
 * Reads a number as C's strtoul does with base 0: decimal, hexadecimal (`0x…`) or octal (`0…`). Returns undefined for
 * any other text, including a number with other characters before or after it.
 */
export function readNumber(text: string): number | undefined {
  if (/^0[0-7]+$/.test(text)) return Number.parseInt(text, 8);
  return /^(0[xX][0-9a-fA-F]+|0|[1-9][0-9]*)$/.test(text) ? Number(text) : undefined;
}

/** Parses an unsigned 32-bit number. Throws if the number is larger. (bpftool would truncate it to 32 bits.) */
export function parseU32(text: string, what: string): number {
  const value = readNumber(text);
  // As in bpftool, the message has no quotes around the word. Only the empty word has quotes, because it would be
  // invisible.
  if (value === undefined) throw new CommandError(`can't parse ${text === "" ? "''" : text} as ${what}`);
  if (value > MAX_U32) throw new CommandError(`can't parse '${text}' as ${what}: it is above ${MAX_U32}`);
  return value;
}
