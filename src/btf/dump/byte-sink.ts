import { escapeControls } from "../../layout/index.ts";

/** The largest number of bytes in one piece of output. */
const PIECE = 1 << 16;
// The first and the last printable ASCII character.
const SPACE = 0x20;
const TILDE = 0x7e;

/**
 * Collects ASCII text and the raw bytes of names, and passes them to `write` in large pieces. A piece is valid only
 * until `write` returns, because the sink writes the next text into the same memory.
 */
export class ByteSink {
  #bytes = new Uint8Array(PIECE);
  #length = 0;
  readonly #write: (piece: Uint8Array) => void;

  constructor(write: (piece: Uint8Array) => void) {
    this.#write = write;
  }

  /** Adds ASCII text. */
  text(text: string): void {
    const { length } = text;
    if (this.#length + length > this.#bytes.length) this.#makeRoom(length);
    const bytes = this.#bytes;
    let at = this.#length;
    for (let i = 0; i < length; i++) bytes[at++] = text.charCodeAt(i);
    this.#length = at;
  }

  /** Adds any text as UTF-8. */
  utf8(text: string): void {
    const bytes = new TextEncoder().encode(text);
    if (this.#length + bytes.length > this.#bytes.length) this.#makeRoom(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** Adds the bytes from `at` up to the next NUL, but at most `limit` bytes. Escapes control characters. */
  name(strings: Uint8Array, at: number, limit: number = Number.POSITIVE_INFINITY): void {
    let end = at;
    let isPlain = true;
    for (; end < strings.length; end++) {
      const byte = strings[end] as number;
      if (byte === 0) break;
      if (byte < SPACE || byte > TILDE) isPlain = false;
    }
    if (end - at > limit) end = at + limit;
    if (!isPlain) {
      this.utf8(escapeControls(new TextDecoder().decode(strings.subarray(at, end))));
      return;
    }
    if (this.#length + end - at > this.#bytes.length) this.#makeRoom(end - at);
    const bytes = this.#bytes;
    let to = this.#length;
    for (let i = at; i < end; i++) bytes[to++] = strings[i] as number;
    this.#length = to;
  }

  /** Adds one byte. */
  byte(value: number): void {
    if (this.#length === this.#bytes.length) this.flush();
    this.#bytes[this.#length++] = value;
  }

  /** Adds an integer up to 2^53 in decimal. */
  decimal(value: number): void {
    if (value < 0 || value > 0xffffffff) {
      this.text(String(value));
      return;
    }
    if (this.#length + 10 > this.#bytes.length) this.flush();
    let digits = 1;
    for (let power = 10; value >= power; power *= 10) digits++;
    const bytes = this.#bytes;
    let at = this.#length + digits;
    this.#length = at;
    let rest = value;
    do {
      const next = Math.floor(rest / 10);
      bytes[--at] = 48 + (rest - 10 * next);
      rest = next;
    } while (rest > 0);
  }

  /** Passes the collected bytes to `write`. */
  flush(): void {
    if (this.#length === 0) return;
    this.#write(this.#bytes.subarray(0, this.#length));
    this.#length = 0;
  }

  #makeRoom(size: number): void {
    this.flush();
    if (size > this.#bytes.length) this.#bytes = new Uint8Array(size);
  }
}

/** Decodes pieces of UTF-8 to one text. A character may begin in one piece and end in the next one. */
export function decodePieces(pieces: Iterable<Uint8Array>): string {
  const decoder = new TextDecoder();
  let text = "";
  for (const piece of pieces) text += decoder.decode(piece, { stream: true });
  return text + decoder.decode();
}
