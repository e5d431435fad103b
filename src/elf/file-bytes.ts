import { FormatError } from "../errors/index.ts";
import { Bytes } from "../layout/index.ts";

/** A file that is read piece by piece, on demand. */
export interface PiecewiseFile {
  readonly length: number;
  /** Reads `size` bytes at offset `at`. The caller has checked that they lie within `length`. */
  read(at: number, size: number): Uint8Array;
}

/** The bytes of an ELF file, in memory or read piecewise. Each access is checked against the file's length. */
export class FileBytes {
  readonly #file: PiecewiseFile;
  readonly source: string;

  constructor(input: Uint8Array | PiecewiseFile, source: string) {
    this.#file = input instanceof Uint8Array ? bytesAsFile(input) : input;
    this.source = source;
  }

  get length(): number {
    return this.#file.length;
  }

  /** Creates a FormatError at byte `at` of the file. */
  error(at: number | undefined, problem: string): FormatError {
    return new FormatError({ source: this.source, offset: at }, problem);
  }

  /** Throws a FormatError unless `[at, at + size)` lies in the file. */
  check(at: number, size: number, what: string): void {
    if (!(Number.isSafeInteger(at) && Number.isSafeInteger(size) && at >= 0 && size >= 0 && at + size <= this.length)) {
      throw this.error(at, `${what} needs ${size} bytes, but only ${Math.max(0, this.length - at) || 0} are left`);
    }
  }

  /** Returns the bytes `[at, at + size)`. Throws FormatError if the file ends earlier. */
  slice(at: number, size: number, what: string): Uint8Array {
    this.check(at, size, what);
    return this.#file.read(at, size);
  }

  /** As {@link slice}, for checked reads in a byte order. Offsets count from the start of the piece. */
  piece(at: number, size: number, what: string, little: boolean): Bytes {
    return new Bytes(this.slice(at, size, what), this.source, little);
  }
}

function bytesAsFile(input: Uint8Array): PiecewiseFile {
  // Wrap a Node Buffer in a plain Uint8Array, because the slice() of a Buffer does not copy.
  const bytes = new Uint8Array(input.buffer, input.byteOffset, input.byteLength);
  return { length: bytes.length, read: (at, size) => bytes.subarray(at, at + size) };
}
