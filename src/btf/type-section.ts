import { FormatError } from "../errors/index.ts";
import { type BtfHeader, HOST_LITTLE } from "./header.ts";
import { BtfKind } from "./types.ts";

/** How many u32 words a type of each kind takes: `fixed` including `struct btf_type`, and `element` per vlen. */
export interface KindSizes {
  readonly fixed: Uint8Array;
  readonly element: Uint8Array;
}

/** The kinds are 7 bits of `info` since Linux 7.1, 5 bits with zeros above before. */
const KINDS = 128;

/** Words per type of every kind that we know; 0 for the others. */
export const KNOWN_KINDS: KindSizes = /* @__PURE__ */ knownKinds();

function knownKinds(): KindSizes {
  const fixed = new Uint8Array(KINDS);
  const element = new Uint8Array(KINDS);
  fixed.fill(3, BtfKind.INT, BtfKind.ENUM64 + 1);
  fixed[BtfKind.INT] = 4;
  fixed[BtfKind.ARRAY] = 6;
  fixed[BtfKind.VAR] = 4;
  fixed[BtfKind.DECL_TAG] = 4;
  element[BtfKind.STRUCT] = 3;
  element[BtfKind.UNION] = 3;
  element[BtfKind.ENUM] = 2;
  element[BtfKind.FUNC_PROTO] = 2;
  element[BtfKind.DATASEC] = 3;
  element[BtfKind.ENUM64] = 3;
  return { fixed, element };
}

/**
 * The kinds' sizes with those that the blob's layout section adds (`struct btf_layout`: info_sz, elem_sz, flags).
 * For a kind that we know the section is not consulted, as in libbpf.
 */
export function kindSizes(data: Uint8Array, header: BtfHeader, base: KindSizes): KindSizes {
  if (header.layoutLength === 0) return base;
  const fixed = KNOWN_KINDS.fixed.slice();
  const element = KNOWN_KINDS.element.slice();
  const count = Math.min(KINDS, header.layoutLength / 4);
  for (let kind = 0; kind < count; kind++) {
    if (fixed[kind] !== 0) continue;
    const info = data[header.layoutStart + 4 * kind] as number;
    const each = data[header.layoutStart + 4 * kind + 1] as number;
    // Sizes that are no multiple of 4 leave the kind unknown.
    if (info % 4 !== 0 || each % 4 !== 0) continue;
    fixed[kind] = 3 + info / 4;
    element[kind] = each / 4;
  }
  return { fixed, element };
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
 * The word index of every type, in one pass. This is the whole cost of opening a BTF (0.1 million types in 2 ms before
 * the compiler has warmed up), so the loop holds no call and each type's bounds are checked by where the next begins.
 */
export function indexTypes(words: Uint32Array, header: BtfHeader, kinds: KindSizes, source: string): Uint32Array {
  const { fixed, element } = kinds;
  const offsets = new Uint32Array(Math.floor(words.length / 3) + 1);
  const end = words.length;
  const last = end - 3;
  let at = 0;
  let count = 0;
  while (at <= last) {
    const info = words[at + 1] as number;
    const kind = (info >>> 24) & 0x7f;
    const size = fixed[kind] as number;
    if (size === 0) break;
    offsets[count++] = at;
    at += size + (element[kind] as number) * (info & 0xffffff);
  }
  if (at === end && header.typeLength % 4 === 0) return offsets.subarray(0, count);
  if (at > end) {
    const place = header.typeStart + 4 * (offsets[count - 1] as number);
    throw new FormatError({ source, offset: place }, "the last type ends past the type section");
  }
  const place = { source, offset: header.typeStart + 4 * at };
  if (at > last) throw new FormatError(place, "the type section ends in the middle of a type");
  throw new FormatError(place, `a type has the unknown kind ${((words[at + 1] as number) >>> 24) & 0x7f}`);
}
