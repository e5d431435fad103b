import { UsageError } from "../errors/index.ts";

/**
 * Patterns for names: `*` matches any number of characters, `?` matches one. Names and patterns come from files and
 * users, so the time of a match must not explode: it is linear in the name's length for every pattern.
 */

/** Returns true if the text has a `*` or `?` and so may match several names. */
export function hasWildcard(pattern: string): boolean {
  return pattern.includes("*") || pattern.includes("?");
}

/** The longest pattern that is accepted. The kernel's own names have at most 512 characters. */
const LONGEST = 1024;

const SLASH = 0x2f;

/**
 * Returns a function that tells whether a name matches the pattern. With `paths`, `*` and `?` do not match a slash, and
 * `**` matches anything. Throws UsageError for a pattern of more than 1,024 characters.
 *
 * The returned function tries all ways to match at the same time: bit `i` of its state is set if the name so far
 * matches the first `i` characters of the pattern, not counting stars. Each character of the name costs a shift and two
 * masks.
 */
export function namePattern(pattern: string, options: { paths?: boolean } = {}): (name: string) => boolean {
  if (pattern.length > LONGEST) {
    throw new UsageError(
      `a pattern for names has at most ${LONGEST} characters, but "${pattern.slice(0, 32)}…" has ${pattern.length}`,
    );
  }
  const { literals, any, stars, deepStars } = parsePattern(pattern, options.paths === true);
  const count = literals.length;
  const words = (count >>> 5) + 1;
  const masks = masksOf(literals, any);
  const ascii = Array.from({ length: 0x80 }, (_, code) => masks.get(code) ?? any);
  if (options.paths === true)
    ascii[SLASH] = masksOf(literals, new Uint32Array(words)).get(SLASH) ?? new Uint32Array(words);
  const state = new Uint32Array(words);
  return (name) => {
    if (name.length < count) return false;
    state.fill(0);
    state[0] = 1;
    for (let at = 0; at < name.length; at++) {
      const code = name.codePointAt(at) as number;
      if (code > 0xffff) at++;
      const fits = (code < 0x80 ? ascii[code] : (masks.get(code) ?? any)) as Uint32Array;
      const stays = code === SLASH ? deepStars : stars;
      let carry = 0;
      let alive = 0;
      for (let w = 0; w < words; w++) {
        const old = state[w] as number;
        const next = (((old << 1) | carry) & (fits[w] as number)) | (old & (stays[w] as number));
        carry = old >>> 31;
        state[w] = next;
        alive |= next;
      }
      if (alive === 0) return false;
    }
    return hasBit(state, count);
  };
}

/** Returns for each character of the pattern the state bits that it can set, including those of `any`. */
function masksOf(literals: readonly (number | undefined)[], any: Uint32Array): Map<number, Uint32Array> {
  const masks = new Map<number, Uint32Array>();
  literals.forEach((code, i) => {
    if (code === undefined) return;
    const mask = masks.get(code) ?? any.slice();
    setBit(mask, i + 1);
    masks.set(code, mask);
  });
  return masks;
}

interface ParsedPattern {
  /** The pattern's characters without its stars; undefined for a `?`. */
  readonly literals: readonly (number | undefined)[];
  /** The state bits that any character can set: those after a `?`. */
  readonly any: Uint32Array;
  /** The state bits that stay set: those before a star. A slash clears them, except those in {@link deepStars}. */
  readonly stars: Uint32Array;
  /** The state bits that stay set even if the character is a slash. */
  readonly deepStars: Uint32Array;
}

function parsePattern(pattern: string, paths: boolean): ParsedPattern {
  const words = (pattern.length >>> 5) + 1;
  const [any, stars, deepStars] = [new Uint32Array(words), new Uint32Array(words), new Uint32Array(words)];
  const literals: (number | undefined)[] = [];
  let previous = "";
  for (const character of pattern) {
    if (character === "*") {
      setBit(stars, literals.length);
      if (!paths || previous === "*") setBit(deepStars, literals.length);
    } else if (character === "?") {
      literals.push(undefined);
      setBit(any, literals.length);
    } else literals.push(character.codePointAt(0));
    previous = character;
  }
  return { literals, any, stars, deepStars };
}

function setBit(bits: Uint32Array, bit: number): void {
  bits[bit >>> 5] = (bits[bit >>> 5] as number) | (1 << (bit & 31));
}

function hasBit(bits: Uint32Array, bit: number): boolean {
  return ((bits[bit >>> 5] as number) & (1 << (bit & 31))) !== 0;
}

/** Returns a path without the slashes at its end; "" for the root. */
export function withoutEndSlashes(path: string): string {
  let end = path.length;
  while (end > 0 && path[end - 1] === "/") end--;
  return path.slice(0, end);
}
