const PAIRS: readonly string[] = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, "0"));

/** Returns a byte as two lower-case hexadecimal digits. */
export function hexByte(byte: number): string {
  return PAIRS[byte] as string;
}

/** Formats each byte as two lower-case hexadecimal digits and joins them with `separator`. */
export function formatHex(data: Uint8Array, separator = ""): string {
  let text = "";
  for (let i = 0; i < data.length; i++) text += (i > 0 ? separator : "") + (PAIRS[data[i] as number] as string);
  return text;
}

/** Parses pairs of hexadecimal digits to bytes. Returns undefined for any other text. */
export function parseHex(text: string): Uint8Array | undefined {
  if (text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text)) return undefined;
  return Uint8Array.from({ length: text.length / 2 }, (_, i) => Number.parseInt(text.slice(2 * i, 2 * i + 2), 16));
}
