import { FormatError } from "../errors/index.ts";
import { type BtfHeader, HOST_LITTLE } from "./header.ts";
import { BtfKind } from "./types.ts";

/**
 * How many u32 words a type of each kind takes. The low byte is the number of words without elements, the high byte the
 * number of words for each element.
 */
export type KindSizes = Uint16Array;

/** The kind is 7 bits of `info` since Linux 7.1. Older kernels use only 5 bits, and the 2 bits above them are zero. */
const KINDS = 128;

/** The sizes of all kinds that this code knows; 0 for all other kinds. */
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
 * Returns the sizes of all kinds, including the kinds that only the blob's layout section describes (`struct
 * btf_layout`: info_sz, elem_sz, flags). As in libbpf, the section is ignored for the kinds in {@link KNOWN_KINDS}.
 */
export function kindSizes(data: Uint8Array, header: BtfHeader, base: KindSizes): KindSizes {
  if (header.layoutLength === 0) return base;
  const sizes = KNOWN_KINDS.slice();
  const count = Math.min(KINDS, header.layoutLength / 4);
  for (let kind = 0; kind < count; kind++) {
    if (sizes[kind] !== 0) continue;
    const info = data[header.layoutStart + 4 * kind] as number;
    const each = data[header.layoutStart + 4 * kind + 1] as number;
    // If a size is not a multiple of 4, the kind stays unknown.
    if (info % 4 === 0 && each % 4 === 0) sizes[kind] = (3 + info / 4) | ((each / 4) << 8);
  }
  return sizes;
}

/** Returns the type section as u32 words in this machine's byte order, if possible as a view onto `data`. */
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
 * Finds where each type begins, on demand. Walking over all types takes nearly all the time of opening a BTF (2 ms for
 * the 100,000 types of a kernel, before V8 optimises the code), and many wanted types are near the start.
 */
export class TypeIndex {
  /**
   * The index of the first word of each indexed type. One more entry follows: the index at which the next type begins.
   */
  readonly offsets: Uint32Array;
  /** How many types are indexed. */
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

  /**
   * Indexes at least the first `least` types, or all types if there are fewer. Throws FormatError if a type is wrong.
   */
  extend(least: number): void {
    if (this.#complete || least <= this.count) return;
    const limit = Math.max(least, 2 * this.count, STEP);
    this.count = walkTypes(this.#words, this.#sizes, this.offsets, this.count, limit);
    if (this.count < limit) this.#checkEnd();
  }

  /** Returns the number of the type that begins at a word; -1 if no type begins there. */
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

/** How many types {@link TypeIndex.extend} indexes at least. */
const STEP = 1024;

/**
 * Continues the index of `count` types up to `limit` types. Returns how many types are indexed then. The entry of
 * `offsets` after the last type is the word at which the next type would begin: past the end if the last type is cut
 * off. The function is small and calls nothing, so that V8 can optimise it while it runs.
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
