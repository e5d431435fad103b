import { UsageError } from "../errors/index.ts";

/**
 * Patterns for names, with `*` for any characters, also none, and `?` for any one. A match takes time that grows with
 * the name alone, whatever the pattern: names and patterns come from files and users.
 */

/** Tells whether the text stands for several names: it has a `*` or `?`. */
export function hasWildcard(pattern: string): boolean {
  return pattern.includes("*") || pattern.includes("?");
}

/** The longest pattern. The kernel's own names end at 512 characters. */
const LONGEST = 1024;

const SLASH = 0x2f;

/**
 * Returns the test of a pattern. With `paths` a `*` and a `?` do not stand for a slash; `**` stands for anything.
 * Throws UsageError for a pattern of more than 1,024 characters.
 *
 * The test follows all ways to match at once: bit `i` of the state says that the name so far fits the first `i`
 * characters of the pattern, stars not counted. Each character of the name costs a shift and two masks.
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

/** Returns for each character of the pattern the bits that it reaches, those of `any` among them. */
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
  /** The bits that any character reaches: those behind a `?`. */
  readonly any: Uint32Array;
  /** The bits that any character keeps: those in front of a star. */
  readonly stars: Uint32Array;
  /** The bits that also a slash keeps. */
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
