/**
 * Reads a 64-bit number as a double. Numbers below 2^53 are exact, larger numbers are rounded. A number that exceeds a
 * file's length is never rounded to less than that length, so checks against the length hold for hostile numbers too.
 */
export function readWide(view: DataView, at: number, little: boolean): number {
  const low = view.getUint32(little ? at : at + 4, little);
  const high = view.getUint32(little ? at + 4 : at, little);
  return high * 0x100000000 + low;
}

/** As {@link readWide}, for a signed number. */
export function readWideSigned(view: DataView, at: number, little: boolean): number {
  const low = view.getUint32(little ? at : at + 4, little);
  const high = view.getInt32(little ? at + 4 : at, little);
  return high * 0x100000000 + low;
}
