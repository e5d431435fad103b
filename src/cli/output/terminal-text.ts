// Names and texts from outside may hold control characters, which a terminal obeys instead of showing them. Bytes of a
// file name that are not UTF-8 are lone surrogates in a string, see decodeFileName.

/**
 * Returns a name from outside as a part of one line. Control characters are escaped as in JSON (`\n`, `\u001b`), bytes
 * that are not UTF-8 as `\xff`.
 */
export const escapeName: (name: string) => string = escaping("\\0-\\x1f");

/** Escapes a line of text from outside as {@link escapeName} does, except for its tabs. */
export const escapeLine: (line: string) => string = escaping("\\0-\\x08\\n-\\x1f");

/** Escapes a text of several lines as {@link escapeName} does, except for its line ends and tabs. */
export const escapeText: (text: string) => string = escaping("\\0-\\x08\\x0b-\\x1f");

/** `ascii` are the ASCII control characters to escape, as in a regular expression. DEL and all others always are. */
function escaping(ascii: string): (text: string) => string {
  const unshown = `[${ascii}\\x7f-\\x9f\\udc80-\\udcff]`;
  // Without the flag u the test is cheaper. It finds the second halves of emoji, too, which the replacement leaves alone.
  const maybe = new RegExp(unshown);
  const all = new RegExp(unshown, "gu");
  return (text) => (maybe.test(text) ? text.replace(all, escaped) : text);
}

function escaped(character: string): string {
  const code = character.charCodeAt(0);
  if (code >= 0xdc80) return `\\x${(code - 0xdc00).toString(16)}`;
  return code < 0x20 ? JSON.stringify(character).slice(1, -1) : escapedControl(character);
}

/** DEL and the control characters from U+0080 on, which JSON.stringify leaves as they are. */
export function escapedControl(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
