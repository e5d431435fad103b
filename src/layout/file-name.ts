// File names are bytes, and some are not UTF-8. In a JavaScript string a byte that is not becomes a lone surrogate from
// U+DC80 to U+DCFF, as in Python: no such name is lost, and it can be encoded again.

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();
/** A lone surrogate: with the flag `u` the second half of a pair does not match. */
const ESCAPED = /[\udc80-\udcff]/u;

/** Reads a file name of which some bytes may not be UTF-8. */
export function decodeFileName(bytes: Uint8Array): string {
  const whole = tryDecode(bytes);
  if (whole !== undefined) return whole;
  let name = "";
  for (let at = 0; at < bytes.length; ) {
    const length = characterLength(bytes[at] as number);
    const character = at + length <= bytes.length ? tryDecode(bytes.subarray(at, at + length)) : undefined;
    name += character ?? String.fromCharCode(0xdc00 + (bytes[at] as number));
    at += character === undefined ? 1 : length;
  }
  return name;
}

/** The bytes of a name that {@link decodeFileName} read, or of any other text in UTF-8. */
export function encodeFileName(name: string): Uint8Array {
  if (!ESCAPED.test(name)) return encoder.encode(name);
  const bytes: number[] = [];
  for (const character of name) {
    if (ESCAPED.test(character)) bytes.push(character.charCodeAt(0) - 0xdc00);
    else bytes.push(...encoder.encode(character));
  }
  return Uint8Array.from(bytes);
}

/** Whether a name is plain text: all its bytes were UTF-8. */
export function isPlainFileName(name: string): boolean {
  return !ESCAPED.test(name);
}

function tryDecode(bytes: Uint8Array): string | undefined {
  try {
    return strict.decode(bytes);
  } catch {
    return undefined;
  }
}

/** How many bytes a character of UTF-8 has, by its first one. */
function characterLength(first: number): number {
  if (first < 0xc0) return 1;
  if (first < 0xe0) return 2;
  return first < 0xf0 ? 3 : 4;
}
