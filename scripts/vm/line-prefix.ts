/** Puts a prefix before each line of what comes in pieces, so that the output of two machines can be told apart. */
export class LinePrefix {
  readonly #prefix: string;
  readonly #write: (text: string) => void;
  #held = "";

  constructor(prefix: string, write: (text: string) => void) {
    this.#prefix = prefix;
    this.#write = write;
  }

  add(text: string): void {
    const lines = (this.#held + text).split("\n");
    this.#held = lines.pop() ?? "";
    if (lines.length > 0) this.#write(lines.map((line) => `${this.#prefix}${line}\n`).join(""));
  }

  /** Writes what came after the last line's end. */
  end(): void {
    if (this.#held !== "") this.add("\n");
  }
}
