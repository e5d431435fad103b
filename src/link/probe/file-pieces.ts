import { readSync } from "node:fs";
import type { PiecewiseFile } from "../../elf/index.ts";
import { FormatError } from "../../errors/index.ts";

/** The most bytes that are read from a file. Real symbol tables are smaller, but a hostile file may claim any size. */
const MOST_BYTES = 2 ** 30;

/** A range of a file. */
interface Range {
  readonly at: number;
  readonly size: number;
}

interface Piece {
  readonly at: number;
  readonly bytes: Uint8Array;
}

/** The part of an open file that is read, and its name in errors. */
export interface FilePart {
  readonly start: number;
  readonly size: number;
  readonly source: string;
}

/** Reads pieces of a part of an open file and caches them. The caller closes the file. */
export class FilePieces implements PiecewiseFile {
  readonly length: number;
  readonly #fd: number;
  readonly #start: number;
  readonly #source: string;
  readonly #pieces: Piece[] = [];
  #total = 0;

  constructor(fd: number, { start, size, source }: FilePart) {
    this.#fd = fd;
    this.#start = start;
    this.#source = source;
    this.length = size;
  }

  /**
   * Returns a piece from the cache. If the cache does not contain it, reads it from the file, which must then still be
   * open.
   */
  read(at: number, size: number): Uint8Array {
    if (size === 0) return new Uint8Array(0);
    const holds = (one: Piece): boolean => one.at <= at && at + size <= one.at + one.bytes.length;
    const piece = this.#pieces.find(holds) ?? this.#load(at, size);
    return piece.bytes.subarray(at - piece.at, at - piece.at + size);
  }

  /** Reads ranges into the cache. Overlapping ranges are read as one range. */
  load(ranges: readonly Range[]): void {
    let next: { at: number; end: number } | undefined;
    for (const { at, size } of ranges.toSorted((a, b) => a.at - b.at)) {
      if (next !== undefined && at <= next.end) {
        next.end = Math.max(next.end, at + size);
        continue;
      }
      if (next !== undefined) this.read(next.at, next.end - next.at);
      next = { at, end: at + size };
    }
    if (next !== undefined) this.read(next.at, next.end - next.at);
  }

  #load(at: number, size: number): Piece {
    this.#total += size;
    if (this.#total > MOST_BYTES) {
      throw new FormatError(
        { source: this.#source, offset: at },
        `its headers, symbols and notes take more than ${MOST_BYTES} bytes; attach by an offset in the file instead`,
      );
    }
    const bytes = new Uint8Array(size);
    for (let done = 0; done < size; ) {
      const count = readSync(this.#fd, bytes, done, size - done, this.#start + at + done);
      if (count === 0) {
        throw new FormatError({ source: this.#source, offset: at + done }, "the file became shorter while it was read");
      }
      done += count;
    }
    const piece = { at, bytes };
    this.#pieces.push(piece);
    return piece;
  }
}
