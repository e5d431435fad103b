import type { TypeId } from "../types.ts";
import type { ByteSink } from "./byte-sink.ts";
import type { FlatTypes } from "./flat-types.ts";

/** The most levels of nested types. The kernel's own types have fewer than 50 levels. */
const DEEPEST = 500;

/**
 * Limits the time and the output of printing. A small hostile BTF can cause a huge output, because an anonymous type is
 * printed again wherever it is used.
 */
export class WorkLimit {
  readonly #types: FlatTypes;
  readonly #out: ByteSink | undefined;
  readonly #mostOutput: number;
  #steps: number;

  constructor(types: FlatTypes, out?: ByteSink) {
    const size = 4 * types.words.length + types.strings.length;
    this.#types = types;
    this.#out = out;
    this.#steps = 10_000_000 + 50 * size;
    this.#mostOutput = 64_000_000 + 20 * size;
  }

  /** Counts one visit of a type at a depth. Throws FormatError at the limit. */
  step(id: TypeId, depth: number): void {
    if (depth > DEEPEST) throw this.#types.btf.error(id, `nests more than ${DEEPEST} types deep`);
    if (--this.#steps < 0) {
      throw this.#types.btf.error(id, "cannot be printed: anonymous types are nested in each other too often");
    }
    if ((this.#steps & 0xff) === 0) this.checkOutput();
  }

  checkOutput(): void {
    if (this.#out !== undefined && this.#out.total > this.#mostOutput) {
      throw this.#types.btf.error(0, `cannot be printed: the output has more than ${this.#mostOutput} bytes`);
    }
  }
}
