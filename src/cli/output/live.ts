import { formatJson, type JsonValue } from "./json-writer.ts";

/** Writes an array piece by piece, in the form that `formatJson` gives a whole one: without a line end behind it. */
export class LiveArray {
  readonly #write: (text: string) => void;
  readonly #pretty: boolean;
  #filled = false;

  constructor(write: (text: string) => void, pretty: boolean) {
    this.#write = write;
    this.#pretty = pretty;
    write("[");
  }

  add(value: JsonValue): void {
    const text = formatJson([value], this.#pretty);
    // Without the brackets, and without the line end before the closing one.
    this.#write(`${this.#filled ? "," : ""}${text.slice(1, this.#pretty ? -2 : -1)}`);
    this.#filled = true;
  }

  end(): void {
    this.#write(`${this.#filled && this.#pretty ? "\n" : ""}]`);
  }
}

/** Resolves when a command that goes on is told to end. Keeps the process alive until then. */
export function ended(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  // A pending promise alone keeps no process alive.
  const alive = setInterval(() => {}, 0x7fff_ffff);
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => {
      clearInterval(alive);
      resolve();
    });
  });
}
