import { escapedControl } from "../../layout/index.ts";

// Names and texts that do not come from this program may contain control characters. A terminal would obey these
// characters instead of showing them. File names may contain bytes that are not valid UTF-8. decodeFileName represents
// each of these bytes by a lone surrogate.

// Each regular expression matches the characters to escape: control characters, U+007F (DEL) to U+009F, and the
// surrogates that represent bytes.

/**
 * Escapes a name, so that it can be printed as part of a line. Control characters are escaped as in JSON (`\n`,
 * `\u001b`), and bytes that are not valid UTF-8 as `\xff`.
 */
export const escapeName: (name: string) => string = escaping(
  /[^ -~\xa0-\udc7f\udd00-\uffff]/,
  /[^ -~\xa0-\udc7f\udd00-\u{10ffff}]/gu,
);

/** Escapes a line of text like {@link escapeName}, but keeps its tabs. */
export const escapeLine: (line: string) => string = escaping(
  /[^\t -~\xa0-\udc7f\udd00-\uffff]/,
  /[^\t -~\xa0-\udc7f\udd00-\u{10ffff}]/gu,
);

/** Escapes a text of several lines like {@link escapeName}, but keeps its line ends and tabs. */
export const escapeText: (text: string) => string = escaping(
  /[^\n\t -~\xa0-\udc7f\udd00-\uffff]/,
  /[^\n\t -~\xa0-\udc7f\udd00-\u{10ffff}]/gu,
);

/**
 * Returns a function that escapes the characters that `all` matches. `maybe` is tested first: it has no flag u, so it
 * is faster. It also matches the second halves of emoji, for which `all` then finds nothing to escape.
 */
function escaping(maybe: RegExp, all: RegExp): (text: string) => string {
  return (text) => (maybe.test(text) ? text.replace(all, escaped) : text);
}

function escaped(character: string): string {
  const code = character.charCodeAt(0);
  if (code >= 0xdc80) return `\\x${(code - 0xdc00).toString(16)}`;
  return escapedControl(character);
}
