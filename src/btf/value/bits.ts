/**
 * Reads and writes bits at any bit offset. As in BTF, `shift` counts from the least significant bit of the first byte
 * in little-endian data, and from its most significant bit in big-endian data.
 */

/** Reads `bits` (1 to 128) bits as an unsigned number. */
export function readBits(view: DataView, at: number, shift: number, bits: number, little: boolean): bigint {
  const count = (shift + bits + 7) >> 3;
  let value = 0n;
  for (let i = 0; i < count; i++) {
    value = (value << 8n) | BigInt(view.getUint8(little ? at + count - 1 - i : at + i));
  }
  return BigInt.asUintN(bits, value >> BigInt(little ? shift : 8 * count - shift - bits));
}

/** Does the same as {@link readBits} without bigint, for bits that lie within four bytes. */
export function readFewBits(view: DataView, at: number, shift: number, bits: number, little: boolean): number {
  const count = (shift + bits + 7) >> 3;
  let value = 0;
  for (let i = 0; i < count; i++) value = (value << 8) | view.getUint8(little ? at + count - 1 - i : at + i);
  value >>>= little ? shift : 8 * count - shift - bits;
  return bits === 32 ? value >>> 0 : (value & ((1 << bits) - 1)) >>> 0;
}

/** Writes the low `bits` bits of `value`. The bits around them keep their values. */
export function writeBits(
  view: DataView,
  at: number,
  shift: number,
  bits: number,
  little: boolean,
  value: bigint,
): void {
  const count = (shift + bits + 7) >> 3;
  const left = BigInt(little ? shift : 8 * count - shift - bits);
  let mask = ((1n << BigInt(bits)) - 1n) << left;
  let fresh = BigInt.asUintN(bits, value) << left;
  for (let i = 0; i < count; i++) {
    const place = little ? at + i : at + count - 1 - i;
    const keep = view.getUint8(place) & ~Number(mask & 0xffn);
    view.setUint8(place, keep | Number(fresh & 0xffn));
    mask >>= 8n;
    fresh >>= 8n;
  }
}

/** Does the same as {@link writeBits} without bigint, for bits that lie within four bytes. */
export function writeFewBits(
  view: DataView,
  at: number,
  shift: number,
  bits: number,
  little: boolean,
  value: number,
): void {
  const count = (shift + bits + 7) >> 3;
  const left = little ? shift : 8 * count - shift - bits;
  const ones = bits === 32 ? -1 : (1 << bits) - 1;
  const mask = ones << left;
  const fresh = (value & ones) << left;
  for (let i = 0; i < count; i++) {
    const place = little ? at + i : at + count - 1 - i;
    view.setUint8(place, (view.getUint8(place) & ~(mask >>> (8 * i))) | (fresh >>> (8 * i)));
  }
}
