import { FormatError } from "../errors/index.ts";

/** The bytes of one input with their byte order and name. Every read first checks that it stays inside the bytes. */
export class Bytes {
  readonly data: Uint8Array;
  readonly view: DataView;
  /** The name of the input in error messages: a file's or a section's name. */
  readonly source: string;
  readonly little: boolean;
  constructor(data: Uint8Array, source: string, little = true) {
    this.data = data;
    this.view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    this.source = source;
    this.little = little;
  }

  get length(): number {
    return this.data.length;
  }

  /** Throws a FormatError unless `[at, at + size)` lies inside. */
  check(at: number, size: number, what: string): void {
    if (!(Number.isSafeInteger(at) && Number.isSafeInteger(size) && at >= 0 && size >= 0 && at + size <= this.length)) {
      throw this.error(at, `${what} needs ${size} bytes, but only ${Math.max(0, this.length - at) || 0} are left`);
    }
  }

  /** Creates a FormatError at byte `at` of this input. */
  error(at: number | undefined, problem: string): FormatError {
    return new FormatError({ source: this.source, offset: at }, problem);
  }

  u8(at: number, what = "a byte"): number {
    this.check(at, 1, what);
    return this.view.getUint8(at);
  }

  u16(at: number, what = "a u16"): number {
    this.check(at, 2, what);
    return this.view.getUint16(at, this.little);
  }

  u32(at: number, what = "a u32"): number {
    this.check(at, 4, what);
    return this.view.getUint32(at, this.little);
  }

  i32(at: number, what = "an s32"): number {
    this.check(at, 4, what);
    return this.view.getInt32(at, this.little);
  }

  u64(at: number, what = "a u64"): bigint {
    this.check(at, 8, what);
    return this.view.getBigUint64(at, this.little);
  }

  /** Returns the bytes `[at, at + size)` as a view onto the same memory. */
  slice(at: number, size: number, what: string): Uint8Array {
    this.check(at, size, what);
    return this.data.subarray(at, at + size);
  }

  /** Returns the NUL-terminated text at `at`. Throws FormatError if the input ends before a NUL. */
  cstring(at: number, what = "a string"): string {
    return decodeText(this.data, at, this.cstringEnd(at, what));
  }

  /** Returns the offset of the NUL that ends the text at `at`. */
  cstringEnd(at: number, what = "a string"): number {
    this.check(at, 1, what);
    const end = this.data.indexOf(0, at);
    if (end < 0) throw this.error(at, `${what} has no terminating NUL`);
    return end;
  }
}

const decoder = new TextDecoder("utf-8");

/** Decodes the bytes `[start, end)` as UTF-8. Short ASCII texts, such as names, are decoded without TextDecoder. */
export function decodeText(data: Uint8Array, start: number, end: number): string {
  if (end - start > 64) return decoder.decode(data.subarray(start, end));
  let text = "";
  for (let i = start; i < end; i++) {
    const c = data[i] as number;
    if (c > 0x7f) return decoder.decode(data.subarray(start, end));
    text += String.fromCharCode(c);
  }
  return text;
}

/** Decodes the bytes up to the first NUL, or all bytes if there is none. */
export function textUntilNul(data: Uint8Array): string {
  const end = data.indexOf(0);
  return decodeText(data, 0, end < 0 ? data.length : end);
}

const encoder = new TextEncoder();

/** Encodes text as UTF-8 with a terminating NUL. */
export function encodeCString(text: string): Uint8Array {
  return encoder.encode(`${text}\0`);
}
