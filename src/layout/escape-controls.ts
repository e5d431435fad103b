/**
 * Escapes control characters as in JSON. Names in a file's BTF may contain them, and a terminal would obey them.
 * JSON.stringify itself leaves DEL to U+009F as they are.
 */
export function escapeControls(text: string): string {
  return text.replace(/\p{Cc}/gu, escapedControl);
}

/** Escapes one control character as in JSON: `\n`, `\u001b`. */
export function escapedControl(character: string): string {
  return character < " "
    ? JSON.stringify(character).slice(1, -1)
    : `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
