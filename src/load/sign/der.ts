import { FormatError } from "../../errors/index.ts";

// This file has only those parts of DER (X.690) that a signature needs.

/** The tags that a signature uses. */
export const Tag = {
  INTEGER: 0x02,
  OCTET_STRING: 0x04,
  NULL: 0x05,
  OBJECT: 0x06,
  SEQUENCE: 0x30,
  SET: 0x31,
  /** Context-specific tags: `[0]` as primitive, and `[0]` and `[3]` as constructed. */
  CONTEXT_0: 0x80,
  CONTEXT_0_CONSTRUCTED: 0xa0,
  CONTEXT_3_CONSTRUCTED: 0xa3,
} as const;

/** Encodes a value: the tag, the length, and the content, which may be given in pieces. */
export function encodeDer(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
  const length = contents.reduce((sum, one) => sum + one.length, 0);
  const head = [tag, ...encodeLength(length)];
  const out = new Uint8Array(head.length + length);
  out.set(head);
  let at = head.length;
  for (const one of contents) {
    out.set(one, at);
    at += one.length;
  }
  return out;
}

function encodeLength(length: number): number[] {
  if (length < 0x80) return [length];
  const bytes: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return [0x80 | bytes.length, ...bytes];
}

/** Encodes an object identifier that is given in dotted form. */
export function encodeObject(dotted: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  const bytes = [first * 40 + second];
  for (const number of rest) {
    const groups = [number & 0x7f];
    for (let left = Math.floor(number / 128); left > 0; left = Math.floor(left / 128))
      groups.unshift(0x80 | (left & 0x7f));
    bytes.push(...groups);
  }
  return encodeDer(Tag.OBJECT, Uint8Array.from(bytes));
}

/** A decoded value. */
export interface DerValue {
  readonly tag: number;
  readonly content: Uint8Array;
}

/** Decodes all values in `bytes`. Throws FormatError if the last value is truncated. */
export function readDer(bytes: Uint8Array, source: string): DerValue[] {
  const values: DerValue[] = [];
  for (let at = 0; at < bytes.length; ) {
    const tag = bytes[at] as number;
    let length = bytes[at + 1] ?? Number.NaN;
    let start = at + 2;
    if (length >= 0x80) {
      const count = length & 0x7f;
      length = count === 0 || count > 4 ? Number.NaN : 0;
      for (let i = 0; i < count; i++) length = length * 256 + (bytes[start + i] ?? Number.NaN);
      start += count;
    }
    if (!(start + length <= bytes.length)) {
      throw new FormatError({ source, offset: at }, "a DER value is longer than the data that contains it");
    }
    values.push({ tag, content: bytes.subarray(start, start + length) });
    at = start + length;
  }
  return values;
}
