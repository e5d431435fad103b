import type { Options } from "../words/options.ts";
import { formatJson, type JsonValue } from "./json-writer.ts";
import { writeBytes, writeText } from "./write.ts";

/**
 * Writes a JSON array element by element. The output is the same text as `formatJson` returns for the whole array,
 * without a line end after it.
 */
export class JsonArray {
  readonly #write: (text: string) => void;
  readonly #pretty: boolean;
  #isEmpty = true;

  constructor(write: (text: string) => void, pretty: boolean) {
    this.#write = write;
    this.#pretty = pretty;
  }

  get isEmpty(): boolean {
    return this.#isEmpty;
  }

  add(value: JsonValue): void {
    const text = formatJson([value], this.#pretty);
    // Write the element without the brackets, and without the line end before the closing bracket.
    this.#write(`${this.#isEmpty ? "[" : ","}${text.slice(1, this.#pretty ? -2 : -1)}`);
    this.#isEmpty = false;
  }

  end(): void {
    if (this.#isEmpty) this.#write("[]");
    else this.#write(this.#pretty ? "\n]" : "]");
  }
}

/**
 * The output of a live command. If a write to standard output fails, the command ends as it does after Ctrl-C. The
 * callbacks of the command never see the error.
 */
export class LiveOutput {
  readonly #pretty: boolean;
  readonly #end: () => void;
  readonly #array: JsonArray;
  #failure: unknown;

  /** `end` is called after a write has failed. It must make the command end. */
  constructor({ pretty }: Options, end: () => void) {
    this.#pretty = pretty;
    this.#end = end;
    this.#array = new JsonArray((text) => this.text(text), pretty);
  }

  text(text: string): void {
    this.#try(() => writeText(1, text));
  }

  /** Writes bytes unchanged. */
  bytes(bytes: Uint8Array): void {
    this.#try(() => writeBytes(1, bytes));
  }

  /** Writes one JSON value. */
  json(value: JsonValue): void {
    this.text(`${formatJson(value, this.#pretty)}\n`);
  }

  /** Writes a JSON document on a line of its own. */
  jsonLine(value: JsonValue): void {
    this.text(`${formatJson(value)}\n`);
  }

  /** Adds an element to the JSON array that is the whole output of the command. */
  add(element: JsonValue): void {
    this.#array.add(element);
  }

  /** Ends the array that {@link add} began. */
  endArray(): void {
    this.#array.end();
    this.text("\n");
  }

  /**
   * Writes a failure as JSON. If the array has elements, the failure becomes its last element, so that the output stays
   * one JSON value.
   */
  jsonFailure(failure: JsonValue): void {
    if (this.#array.isEmpty) this.json(failure);
    else {
      this.add(failure);
      this.endArray();
    }
  }

  /** The error of the first write that failed. Later writes do nothing. */
  get failure(): unknown {
    return this.#failure;
  }

  #try(write: () => void): void {
    if (this.#failure !== undefined) return;
    try {
      write();
    } catch (error) {
      this.#failure = error;
      this.#end();
    }
  }
}

/** Resolves when `signal` is aborted. Keeps the process alive until then. */
export function ended(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  // A pending promise alone does not keep a process alive.
  const alive = setInterval(() => {}, 0x7fff_ffff);
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => {
      clearInterval(alive);
      resolve();
    });
  });
}
