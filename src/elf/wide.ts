/**
 * A 64-bit number as a double: exact below 2^53, rounded above, and never smaller than a bound that the exact number
 * exceeds. Checks against a file's length therefore hold for hostile numbers too.
 */
export function readWide(view: DataView, at: number, little: boolean): number {
  const low = view.getUint32(little ? at : at + 4, little);
  const high = view.getUint32(little ? at + 4 : at, little);
  return high * 0x100000000 + low;
}

/** The same for a signed number. */
export function readWideSigned(view: DataView, at: number, little: boolean): number {
  const low = view.getUint32(little ? at : at + 4, little);
  const high = view.getInt32(little ? at + 4 : at, little);
  return high * 0x100000000 + low;
}
