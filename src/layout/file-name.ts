// A file name is a sequence of bytes and need not be valid UTF-8. As in Python, the JavaScript string represents each
// invalid byte by a lone surrogate from U+DC80 to U+DCFF. Encoding the string gives the original bytes again.

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();
/** Matches a lone surrogate. The flag `u` keeps it from matching the second half of a surrogate pair. */
const ESCAPED = /[\udc80-\udcff]/u;

/** Decodes a file name, whose bytes need not be valid UTF-8. */
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

/** Does the reverse of {@link decodeFileName}. A name without lone surrogates is simply encoded as UTF-8. */
export function encodeFileName(name: string): Uint8Array {
  if (!ESCAPED.test(name)) return encoder.encode(name);
  const bytes: number[] = [];
  for (const character of name) {
    if (ESCAPED.test(character)) bytes.push(character.charCodeAt(0) - 0xdc00);
    else bytes.push(...encoder.encode(character));
  }
  return Uint8Array.from(bytes);
}

/** Returns true if all bytes of a decoded name were valid UTF-8. */
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

/** Returns the number of bytes of a UTF-8 character with this first byte. */
function characterLength(first: number): number {
  if (first < 0xc0) return 1;
  if (first < 0xe0) return 2;
  return first < 0xf0 ? 3 : 4;
}
