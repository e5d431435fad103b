const STAR = 0x2a;
const QUESTION = 0x3f;

/** Whether a name of a function may stand for several: it has a `*` or `?`. */
export function hasWildcard(pattern: string): boolean {
  return pattern.includes("*") || pattern.includes("?");
}

/**
 * Whether a name fits a pattern in which `*` stands for any characters, also none, and `?` for any one. In time that
 * grows with the product of the lengths at most, whatever the pattern.
 */
export function matchesPattern(name: string, pattern: string): boolean {
  let at = 0;
  let p = 0;
  // Where the last star stands, and how much of the name it has taken so far.
  let star = -1;
  let taken = 0;
  while (at < name.length) {
    const c = pattern.charCodeAt(p);
    if (c === STAR) {
      star = p++;
      taken = at;
    } else if (c === QUESTION || c === name.charCodeAt(at)) {
      at++;
      p++;
    } else if (star >= 0) {
      p = star + 1;
      at = ++taken;
    } else return false;
  }
  while (pattern.charCodeAt(p) === STAR) p++;
  return p === pattern.length;
}
