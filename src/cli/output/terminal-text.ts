// Names and texts from outside may hold control characters, which a terminal obeys instead of showing them. Bytes of a
// file name that are not UTF-8 are lone surrogates in a string, see decodeFileName.

// The classes name the characters that stay: control characters, DEL to U+009F and bytes that are not UTF-8 are in none.

/**
 * Returns a name from outside as a part of one line. Control characters are escaped as in JSON (`\n`, `\u001b`), bytes
 * that are not UTF-8 as `\xff`.
 */
export const escapeName: (name: string) => string = escaping(
  /[^ -~\xa0-\udc7f\udd00-\uffff]/,
  /[^ -~\xa0-\udc7f\udd00-\u{10ffff}]/gu,
);

/** Escapes a line of text from outside as {@link escapeName} does, except for its tabs. */
export const escapeLine: (line: string) => string = escaping(
  /[^\t -~\xa0-\udc7f\udd00-\uffff]/,
  /[^\t -~\xa0-\udc7f\udd00-\u{10ffff}]/gu,
);

/** Escapes a text of several lines as {@link escapeName} does, except for its line ends and tabs. */
export const escapeText: (text: string) => string = escaping(
  /[^\n\t -~\xa0-\udc7f\udd00-\uffff]/,
  /[^\n\t -~\xa0-\udc7f\udd00-\u{10ffff}]/gu,
);

/** `maybe` is cheaper without the flag u. It also finds the second halves of emoji, which `all` leaves alone. */
function escaping(maybe: RegExp, all: RegExp): (text: string) => string {
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
