import { FormatError } from "../../errors/index.ts";
import type { TypeId } from "../types.ts";
import type { FlatTypes } from "./flat-types.ts";

/** The most levels of nested types. The kernel's own types have fewer than 50 levels. */
const DEEPEST = 500;

/**
 * The number of steps that are free for every BTF, whatever its size. Printing a kernel's types takes one step for 10
 * bytes.
 */
const FREE_STEPS = 1_000_000;
const STEPS_PER_BYTE = 2;
/**
 * The number of bytes of output that are free for every BTF, whatever its size. One aligned struct can give 2 MB of
 * padding in C.
 */
const FREE_OUTPUT = 4_000_000;
/** The most bytes of C for each byte of the types. A kernel's types give half a byte. */
export const C_PER_BYTE = 4;

/**
 * Limits the time of printing. A small hostile BTF could take very long, because an anonymous type is printed again
 * wherever it is used.
 */
export class WorkLimit {
  readonly #types: FlatTypes;
  #steps: number;

  constructor(types: FlatTypes) {
    this.#types = types;
    this.#steps = FREE_STEPS + STEPS_PER_BYTE * types.byteLength;
  }

  /** Counts one visit of a type at a depth, and of its elements. Throws FormatError at the limit. */
  step(id: TypeId, depth: number, elements = 0): void {
    if (depth > DEEPEST) throw this.#types.btf.error(id, `nests more than ${DEEPEST} types deep`);
    this.#steps -= 1 + elements;
    if (this.#steps < 0) {
      throw this.#types.btf.error(id, "cannot be printed: anonymous types are nested in each other too often");
    }
  }
}

/**
 * Returns a function that passes pieces of output to `write` and throws FormatError when the output gets too long for
 * these types. The limit is 4 MB plus `perByte` bytes for each byte of the types.
 */
export function limitOutput(
  types: FlatTypes,
  perByte: number,
  write: (piece: Uint8Array) => void,
): (piece: Uint8Array) => void {
  const most = FREE_OUTPUT + perByte * types.byteLength;
  let total = 0;
  return (piece) => {
    total += piece.length;
    if (total > most) {
      const { source } = types.btf;
      throw new FormatError({ source }, `the types cannot be printed: the output has more than ${most} bytes`);
    }
    write(piece);
  };
}
