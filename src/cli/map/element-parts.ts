import type { HexPlaces, HexTemplate, TextBuffer } from "../output/text-buffer.ts";

/**
 * The keys and values of one or more elements, as a lookup or a walk over the map returns them: all keys in one buffer,
 * all values in another.
 */
export interface Elements {
  readonly keys: { readonly bytes: Uint8Array; readonly view: DataView };
  readonly values: { readonly bytes: Uint8Array; readonly view: DataView };
}

/** Returns bytes together with a view, because the formatters of typed values read from a view. */
export function withView(bytes: Uint8Array): Elements["keys"] {
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength) };
}

/**
 * Formats a part of an element that does not consist of fixed text and hexadecimal bytes, such as a decoded value.
 * `key` and `value` are the offsets of this element's key and value.
 */
export type FormatElement = (elements: Elements, key: number, value: number) => string;

/**
 * A part of an element's text: a fixed text, one byte of the key or value as two digits, or the result of a function.
 */
export type ElementPart = string | { readonly key: number } | { readonly value: number } | FormatElement;

/** The format of a map's elements. {@link compileParts} makes it from a list of parts. */
export type ElementStyle = readonly (HexTemplate | FormatElement)[];

/**
 * Makes one template of each run of fixed texts and element bytes. A part that is a function ends a run. To write an
 * element, the templates are copied and the element's bytes are filled in.
 */
export function compileParts(parts: readonly ElementPart[]): ElementStyle {
  const style: (HexTemplate | FormatElement)[] = [];
  let template = new TemplateBuilder();
  const finish = (): void => {
    if (!template.empty) style.push(template.finish());
    template = new TemplateBuilder();
  };
  for (const part of parts) {
    if (typeof part !== "function") template.add(part);
    else {
      finish();
      style.push(part);
    }
  }
  finish();
  return style;
}

/** Writes one element. */
export function writeElement(
  out: TextBuffer,
  style: ElementStyle,
  elements: Elements,
  key: number,
  value: number,
): void {
  for (const part of style) {
    if (typeof part === "function") out.add(part(elements, key, value));
    else out.fill(part, elements.keys.bytes, key, elements.values.bytes, value);
  }
}

class TemplateBuilder {
  #text = "";
  readonly #key: [offset: number, place: number][] = [];
  readonly #value: [offset: number, place: number][] = [];

  get empty(): boolean {
    return this.#text === "";
  }

  add(part: Exclude<ElementPart, FormatElement>): void {
    if (typeof part === "string") {
      this.#text += part;
      return;
    }
    if ("key" in part) this.#key.push([part.key, this.#text.length]);
    else this.#value.push([part.value, this.#text.length]);
    this.#text += "  ";
  }

  /** Ends the template. Its text is ASCII, because it contains no names from maps or programs. */
  finish(): HexTemplate {
    return { text: Buffer.from(this.#text, "latin1"), key: places(this.#key), value: places(this.#value) };
  }
}

function places(pairs: readonly (readonly [offset: number, place: number])[]): HexPlaces {
  return {
    offsets: Int32Array.from(pairs, ([offset]) => offset),
    places: Int32Array.from(pairs, ([, place]) => place),
  };
}
