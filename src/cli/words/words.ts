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
