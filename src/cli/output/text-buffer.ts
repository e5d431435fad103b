import type { Template } from "../map/template.ts";

const DIGITS = new TextEncoder().encode("0123456789abcdef");
const HIGH = Uint8Array.from({ length: 256 }, (_, byte) => DIGITS[byte >> 4] as number);
const LOW = Uint8Array.from({ length: 256 }, (_, byte) => DIGITS[byte & 15] as number);

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
