/** In the text of a template: a byte of the key, a byte of the value, each as two hexadecimal digits. */
export const KEY_BYTE = "\u0001\u0001";
export const VALUE_BYTE = "\u0002\u0002";
const KEY_MARK = 1;
const VALUE_MARK = 2;

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
