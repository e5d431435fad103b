import type { Random } from "./random.ts";

const NUMBERS = [0, 1, 2, 3, 4, 7, 8, 16, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x10000, 0xffffff];
const WIDE_NUMBERS = [0x7fffffff, 0x80000000, 0xfffffff8, 0xfffffffc, 0xffffffff];

/** Inputs never grow beyond this, so that what takes long does so for what it says, not for its length. */
export const MOST_BYTES = 1 << 18;

/** Returns a changed copy of one input of the corpus, or a mixture of several. */
export function mutate(corpus: readonly Uint8Array[], random: Random): Uint8Array {
  let data: Uint8Array = random.pick(corpus).slice();
  const count = 1 + random.below(random.once(4) ? 24 : 4);
  for (let i = 0; i < count; i++) data = change(data, corpus, random);
  return data;
}

function change(data: Uint8Array, corpus: readonly Uint8Array[], random: Random): Uint8Array {
  const { length } = data;
  if (length === 0) return Uint8Array.from({ length: 1 + random.below(64) }, () => random.u32() & 0xff);
  const view = new DataView(data.buffer, data.byteOffset, length);
  const at = random.below(length);
  switch (random.below(13)) {
    case 0:
      data[at] = (data[at] as number) ^ (1 << random.below(8));
      return data;
    case 1:
      data[at] = random.u32() & 0xff;
      return data;
    case 2:
      data[at] = ((data[at] as number) + random.pick([1, -1, 2, -2, 8, -8])) & 0xff;
      return data;
    case 3:
    case 4:
      if (length >= 4) view.setUint32(aligned(at, length, 4, random), number(random, length), random.below(8) > 0);
      return data;
    case 5:
      if (length >= 2) view.setUint16(aligned(at, length, 2, random), number(random, length) & 0xffff, true);
      return data;
    case 6:
      if (length >= 8) {
        const wide = random.once(2) ? BigInt(number(random, length)) : (BigInt(random.u32()) << 32n) | 1n;
        view.setBigUint64(aligned(at, length, 8, random), wide, true);
      }
      return data;
    case 7:
      return data.slice(0, at);
    case 8:
      return joined(data.subarray(0, at), data.subarray(at + 1 + random.below(Math.min(64, length - at))));
    case 9: {
      // A piece of the input once more, often many times.
      const piece = data.subarray(at, at + 1 + random.below(Math.min(64, length - at)));
      const times = random.once(8) ? random.below(2000) : 1 + random.below(3);
      return joined(data.subarray(0, at), ...Array<Uint8Array>(times).fill(piece), data.subarray(at));
    }
    case 10: {
      const other = random.pick(corpus);
      const from = random.below(other.length);
      const piece = other.subarray(from, from + 1 + random.below(Math.min(256, other.length - from)));
      return joined(data.subarray(0, at), piece, data.subarray(random.once(2) ? at : at + piece.length));
    }
    case 11: {
      // A word of the input in another place: offsets and ids that are valid somewhere.
      if (length >= 8) {
        const from = random.below(length >>> 2) * 4;
        const to = random.below(length >>> 2) * 4;
        if (Math.max(from, to) + 4 <= length) view.setUint32(to, view.getUint32(from, true), true);
      }
      return data;
    }
    default:
      data.fill(random.pick([0, 0xff, 0x20, 0x41]), at, at + 1 + random.below(Math.min(64, length - at)));
      return data;
  }
}

function number(random: Random, length: number): number {
  switch (random.below(5)) {
    case 0:
      return random.pick(NUMBERS);
    case 1:
      return random.pick(WIDE_NUMBERS);
    case 2:
      return random.below(64);
    case 3:
      return Math.max(0, length + random.below(17) - 8);
    default:
      return random.below(random.once(2) ? length : 0x1_0000_0000);
  }
}

/** A place for a number of `size` bytes, mostly where numbers of that size lie. */
function aligned(at: number, length: number, size: number, random: Random): number {
  const place = random.once(4) ? at : at - (at % size);
  return Math.min(place, length - size);
}

function joined(...pieces: readonly Uint8Array[]): Uint8Array {
  const length = Math.min(
    MOST_BYTES,
    pieces.reduce((sum, piece) => sum + piece.length, 0),
  );
  const out = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    if (at >= length) break;
    out.set(piece.subarray(0, length - at), at);
    at += piece.length;
  }
  return out;
}
