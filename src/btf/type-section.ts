import { FormatError } from "../errors/index.ts";
import { type BtfHeader, HOST_LITTLE } from "./header.ts";
import { BtfKind } from "./types.ts";

/** How many u32 words a type of each kind takes: in the low byte with `struct btf_type`, above it for each element. */
export type KindSizes = Uint16Array;

/** The kinds are 7 bits of `info` since Linux 7.1, 5 bits with zeros above before. */
const KINDS = 128;

/** Words per type of every kind that we know; 0 for the others. */
export const KNOWN_KINDS: KindSizes = /* @__PURE__ */ knownKinds();

function knownKinds(): KindSizes {
  const sizes = new Uint16Array(KINDS).fill(3, BtfKind.INT, BtfKind.ENUM64 + 1);
  sizes[BtfKind.INT] = 4;
  sizes[BtfKind.ARRAY] = 6;
  sizes[BtfKind.VAR] = 4;
  sizes[BtfKind.DECL_TAG] = 4;
  sizes[BtfKind.STRUCT] = 3 | (3 << 8);
  sizes[BtfKind.UNION] = 3 | (3 << 8);
  sizes[BtfKind.ENUM] = 3 | (2 << 8);
  sizes[BtfKind.FUNC_PROTO] = 3 | (2 << 8);
  sizes[BtfKind.DATASEC] = 3 | (3 << 8);
  sizes[BtfKind.ENUM64] = 3 | (3 << 8);
  return sizes;
}

/**
 * The kinds' sizes with those that the blob's layout section adds (`struct btf_layout`: info_sz, elem_sz, flags).
 * For a kind that we know the section is not consulted, as in libbpf.
 */
export function kindSizes(data: Uint8Array, header: BtfHeader, base: KindSizes): KindSizes {
  if (header.layoutLength === 0) return base;
  const sizes = KNOWN_KINDS.slice();
  const count = Math.min(KINDS, header.layoutLength / 4);
  for (let kind = 0; kind < count; kind++) {
    if (sizes[kind] !== 0) continue;
    const info = data[header.layoutStart + 4 * kind] as number;
    const each = data[header.layoutStart + 4 * kind + 1] as number;
    // Sizes that are no multiple of 4 leave the kind unknown.
    if (info % 4 === 0 && each % 4 === 0) sizes[kind] = (3 + info / 4) | ((each / 4) << 8);
  }
  return sizes;
}

/** The type section as u32 words in this machine's byte order; a view onto `data` where that is possible. */
export function typeWords(data: Uint8Array, header: BtfHeader): Uint32Array {
  const count = header.typeLength >>> 2;
  const start = data.byteOffset + header.typeStart;
  if (header.little === HOST_LITTLE && start % 4 === 0) return new Uint32Array(data.buffer, start, count);
  const words = new Uint32Array(count);
  const view = new DataView(data.buffer, start, 4 * count);
  for (let i = 0; i < count; i++) words[i] = view.getUint32(4 * i, header.little);
  return words;
}

/**
 * Where each type begins, found as far as it is asked for. The walk is the whole cost of opening a BTF (0.1 million
 * types of a kernel in 2 ms before the compiler has warmed up), and many a type that is wanted stands near the start.
 */
export class TypeIndex {
  /** The word at which each of the types begins that {@link count} says are known; behind them what is left is 0. */
  readonly offsets: Uint32Array;
  /** How many types are known. */
  count = 0;
  #complete = false;
  readonly #words: Uint32Array;
  readonly #header: BtfHeader;
  readonly #sizes: KindSizes;
  readonly #source: string;

  constructor(words: Uint32Array, header: BtfHeader, sizes: KindSizes, source: string) {
    this.offsets = new Uint32Array(Math.floor(words.length / 3) + 1);
    this.#words = words;
    this.#header = header;
    this.#sizes = sizes;
    this.#source = source;
  }

  /** Finds at least the first `least` types, or all; each time many more. Throws FormatError where one is wrong. */
  extend(least: number): void {
    if (this.#complete || least <= this.count) return;
    const limit = Math.max(least, 2 * this.count, STEP);
    this.count = walkTypes(this.#words, this.#sizes, this.offsets, this.count, limit);
    if (this.count < limit) this.#checkEnd();
  }

  /** The number of the type that begins at a word; -1 where none does. */
  search(word: number): number {
    while (!this.#complete && (this.offsets[this.count] as number) <= word) this.extend(this.count + 1);
    let low = 0;
    let high = this.count - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const at = this.offsets[middle] as number;
      if (at === word) return middle;
      if (at < word) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }

  #checkEnd(): void {
    const { typeStart, typeLength } = this.#header;
    const words = this.#words;
    const at = this.offsets[this.count] as number;
    this.#complete = true;
    if (at === words.length && typeLength % 4 === 0) return;
    const fail = (word: number, problem: string): FormatError =>
      new FormatError({ source: this.#source, offset: typeStart + 4 * word }, problem);
    if (at > words.length) {
      throw fail(this.offsets[this.count - 1] as number, "the last type ends past the type section");
    }
    if (at > words.length - 3) throw fail(at, "the type section ends in the middle of a type");
    throw fail(at, `a type has the unknown kind ${((words[at + 1] as number) >>> 24) & 0x7f}`);
  }
}

/** Types that are looked at beyond the one that is asked for. */
const STEP = 1024;

/**
 * Goes on from the `count` types that are known up to `limit`; gives how many there are then, and behind their offsets
 * where the next would be. Small and without calls, because the compiler must finish it while it runs; each type's
 * bounds are checked by where the next begins.
 */
function walkTypes(words: Uint32Array, sizes: KindSizes, offsets: Uint32Array, count: number, limit: number): number {
  const last = words.length - 3;
  let at = offsets[count] as number;
  let next = count;
  while (at <= last && next < limit) {
    const info = words[at + 1] as number;
    const size = sizes[(info >>> 24) & 0x7f] as number;
    if (size === 0) break;
    offsets[next++] = at;
    at += (size & 0xff) + (size >>> 8) * (info & 0xffffff);
  }
  offsets[next] = at;
  return next;
}
