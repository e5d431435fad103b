import type { ByteSink } from "./byte-sink.ts";
import { newLine, SEMICOLON } from "./c-characters.ts";

const TYPES = ["long", "int", "short", "char"] as const;

/** Prints the padding between the members of a struct. */
export class PaddingPrinter {
  readonly #out: ByteSink;
  readonly #pointerSize: number;

  constructor(out: ByteSink, pointerSize: number) {
    this.#out = out;
    this.#pointerSize = pointerSize;
  }

  /** Prints unnamed bitfields for a gap that the compiler would not leave without them. Offsets are in bits. */
  print(from: number, to: number, nextAlign: number, inBitfield: boolean, level: number): void {
    if (from >= to) return;
    let at = from;
    let bits = 0;
    let name = "";
    let aligned = 0;
    for (let i = 0; i < TYPES.length; i++) {
      bits = this.#bits(i);
      name = TYPES[i] as string;
      aligned = roundUp(at, bits);
      if (aligned <= to) break;
    }
    if (aligned > at && aligned <= to) {
      // Without `long: 0` or the like, the compiler might put the next bitfield or member before `aligned`.
      const fillsWithoutMark = aligned !== to && to - aligned > aligned - at;
      const alignsByItself = aligned === to && roundUp(at, 8 * nextAlign) === aligned;
      if (inBitfield || !(fillsWithoutMark || alignsByItself)) {
        this.#line(name, inBitfield ? aligned - at : 0, level);
      }
      at = aligned;
    }
    for (; to - at >= bits; at += bits) this.#line(name, bits, level);
    const rest = to - at;
    if (rest === 0) return;
    let smallest = TYPES.length - 1;
    while (smallest > 0 && this.#bits(smallest) < rest) smallest--;
    this.#line(TYPES[smallest] as string, rest, level);
  }

  #bits(index: number): number {
    return index === 0 ? 8 * this.#pointerSize : 64 >>> index;
  }

  #line(name: string, bits: number, level: number): void {
    newLine(this.#out, level);
    this.#out.text(name);
    this.#out.text(": ");
    this.#out.decimal(bits);
    this.#out.byte(SEMICOLON);
  }
}

function roundUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}
