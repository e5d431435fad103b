/** Returns the two instructions of `return value`. They fit every program type that allows this return value. */
export function returning(value: number): Uint8Array {
  const bytes = new Uint8Array(16);
  bytes[0] = 0xb7; // r0 = value
  new DataView(bytes.buffer).setInt32(4, value, true);
  bytes[8] = 0x95; // exit
  return bytes;
}
