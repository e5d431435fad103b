import type { TypeId } from "../types.ts";
import type { ByteSink } from "./byte-sink.ts";
import type { FlatTypes } from "./flat-types.ts";

/** How deep types may nest; the kernel's own nest less than 50 deep. */
const DEEPEST = 500;

/**
 * Bounds the time and the output of printing. A small hostile BTF can describe a declaration of any length, because
 * each use of a type without a name prints it again.
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
      throw this.#types.btf.error(id, "cannot be printed: the types without a name nest too often in each other");
    }
    if ((this.#steps & 0xff) === 0) this.checkOutput();
  }

  checkOutput(): void {
    if (this.#out !== undefined && this.#out.total > this.#mostOutput) {
      throw this.#types.btf.error(0, `cannot be printed: more than ${this.#mostOutput} bytes of text`);
    }
  }
}
