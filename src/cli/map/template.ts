/** In the text of a template: a byte of the key, a byte of the value, each as two hexadecimal digits. */
export const KEY_BYTE = "\u0001\u0001";
export const VALUE_BYTE = "\u0002\u0002";
const KEY_MARK = 1;
const VALUE_MARK = 2;

const DIGITS = new TextEncoder().encode("0123456789abcdef");
const HIGH = Uint8Array.from({ length: 256 }, (_, byte) => DIGITS[byte >> 4] as number);
const LOW = Uint8Array.from({ length: 256 }, (_, byte) => DIGITS[byte & 15] as number);

/**
 * The text of an element, in which only the hexadecimal digits change: it is copied as it is for each element, and the
 * digits are put into their places.
 */
export interface Template {
  readonly text: Uint8Array;
  /** Where in the text the digits of each byte of the key go. */
  readonly keyPlaces: Int32Array;
  /** Which byte of the value, and where its digits go. */
  readonly valueOffsets: Int32Array;
  readonly valuePlaces: Int32Array;
}

/** Makes a template. `valueOffsets` says which byte of the value each {@link VALUE_BYTE} stands for, in their order. */
export function makeTemplate(source: string, valueOffsets: readonly number[]): Template {
  const text = new TextEncoder().encode(source);
  const keyPlaces: number[] = [];
  const valuePlaces: number[] = [];
  for (let i = 0; i < text.length; i++) {
    if (text[i] === KEY_MARK) keyPlaces.push(i++);
    else if (text[i] === VALUE_MARK) valuePlaces.push(i++);
  }
  return {
    text,
    keyPlaces: Int32Array.from(keyPlaces),
    valueOffsets: Int32Array.from(valueOffsets.slice(0, valuePlaces.length)),
    valuePlaces: Int32Array.from(valuePlaces),
  };
}

const FULL = 1 << 20;

/** Collects the text of many elements in one buffer. */
export class TextBuffer {
  #bytes = Buffer.allocUnsafe(FULL + (FULL >> 2));
  #at = 0;

  /** Whether it is time to {@link take} what is there. */
  get full(): boolean {
    return this.#at >= FULL;
  }

  /** Adds a template, with the digits of the key at `key` of `keys` and the value at `value` of `values`. */
  fill(template: Template, keys: Uint8Array, key: number, values: Uint8Array, value: number): void {
    const { text, keyPlaces, valueOffsets, valuePlaces } = template;
    this.#grow(text.length);
    const bytes = this.#bytes;
    const at = this.#at;
    bytes.set(text, at);
    for (let i = 0; i < keyPlaces.length; i++) {
      const place = at + (keyPlaces[i] as number);
      const byte = keys[key + i] as number;
      bytes[place] = HIGH[byte] as number;
      bytes[place + 1] = LOW[byte] as number;
    }
    for (let i = 0; i < valuePlaces.length; i++) {
      const place = at + (valuePlaces[i] as number);
      const byte = values[value + (valueOffsets[i] as number)] as number;
      bytes[place] = HIGH[byte] as number;
      bytes[place + 1] = LOW[byte] as number;
    }
    this.#at = at + text.length;
  }

  /** Adds one character of ASCII by its code. */
  addAscii(code: number): void {
    this.#grow(1);
    this.#bytes[this.#at++] = code;
  }

  add(text: string): void {
    // No character of UTF-16 takes more than three bytes of UTF-8.
    this.#grow(3 * text.length);
    this.#at += this.#bytes.write(text, this.#at);
  }

  /** What was collected, as bytes of its own. */
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
