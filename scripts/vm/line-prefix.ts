/**
 * Writes a prefix before each line of a text that arrives in pieces. The prefix shows from which machine the line
 * comes.
 */
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

  /** Writes the last line if the text did not end with a line end. */
  end(): void {
    if (this.#held !== "") this.add("\n");
  }
}
