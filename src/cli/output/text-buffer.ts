const DIGITS = new TextEncoder().encode("0123456789abcdef");
const HIGH = Uint8Array.from({ length: 256 }, (_, byte) => DIGITS[byte >> 4] as number);
const LOW = Uint8Array.from({ length: 256 }, (_, byte) => DIGITS[byte & 15] as number);

const FULL = 1 << 20;

/**
 * Where a text contains bytes as two hexadecimal digits: the byte at `offsets[i]` of the data is written at `places[i]`
 * of the text.
 */
export interface HexPlaces {
  readonly offsets: Int32Array;
  readonly places: Int32Array;
}

/** The text of a map element, without its hexadecimal digits: only they differ between the elements. */
export interface HexTemplate {
  /** The text in UTF-8, with two free bytes at each place for digits. */
  readonly text: Uint8Array;
  readonly key: HexPlaces;
  readonly value: HexPlaces;
}

/** Collects the text of many elements in one buffer. */
export class TextBuffer {
  #bytes = Buffer.allocUnsafe(FULL + (FULL >> 2));
  #at = 0;

  /** True if the buffer is full, so that the caller should {@link take} the text. */
  get full(): boolean {
    return this.#at >= FULL;
  }

  /**
   * Adds a template and fills in its digits from the key at offset `key` of `keys` and the value at offset `value` of
   * `values`.
   */
  fill(template: HexTemplate, keys: Uint8Array, key: number, values: Uint8Array, value: number): void {
    const { text } = template;
    this.#grow(text.length);
    const bytes = this.#bytes;
    const at = this.#at;
    bytes.set(text, at);
    writeDigits(bytes, at, template.key, keys, key);
    writeDigits(bytes, at, template.value, values, value);
    this.#at = at + text.length;
  }

  /** Adds one ASCII character, given by its code. */
  addAscii(code: number): void {
    this.#grow(1);
    this.#bytes[this.#at++] = code;
  }

  add(text: string): void {
    // A UTF-16 code unit takes at most three bytes of UTF-8.
    this.#grow(3 * text.length);
    this.#at += this.#bytes.write(text, this.#at);
  }

  /** Returns a copy of the collected text and empties the buffer. */
  take(): Uint8Array {
    const bytes = this.#bytes.subarray(0, this.#at);
    this.#bytes = Buffer.allocUnsafe(this.#bytes.length);
    this.#at = 0;
    return bytes;
  }

  #grow(by: number): void {
    if (this.#at + by <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(2 * (this.#at + by));
    larger.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = larger;
  }
}

function writeDigits(
  text: Uint8Array,
  start: number,
  { offsets, places }: HexPlaces,
  source: Uint8Array,
  begin: number,
): void {
  for (let i = 0; i < places.length; i++) {
    const place = start + (places[i] as number);
    const byte = source[begin + (offsets[i] as number)] as number;
    text[place] = HIGH[byte] as number;
    text[place + 1] = LOW[byte] as number;
  }
}
