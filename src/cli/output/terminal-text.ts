// Names and texts from outside may contain control characters. A terminal would obey these characters instead of
// showing them. File names are bytes: decodeFileName turns each byte that is not valid UTF-8 into a lone surrogate.

// The regular expressions list the characters that are not escaped. They exclude control characters, DEL to U+009F, and
// bytes that are not UTF-8.

/**
 * Escapes a name from outside, so that it can be part of a line. Control characters are escaped as in JSON (`\n`,
 * `\u001b`), and bytes that are not UTF-8 as `\xff`.
 */
export const escapeName: (name: string) => string = escaping(
  /[^ -~\xa0-\udc7f\udd00-\uffff]/,
  /[^ -~\xa0-\udc7f\udd00-\u{10ffff}]/gu,
);

/** Escapes a line of text from outside like {@link escapeName}, but keeps its tabs. */
export const escapeLine: (line: string) => string = escaping(
  /[^\t -~\xa0-\udc7f\udd00-\uffff]/,
  /[^\t -~\xa0-\udc7f\udd00-\u{10ffff}]/gu,
);

/** Escapes a text of several lines like {@link escapeName}, but keeps its line ends and tabs. */
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
