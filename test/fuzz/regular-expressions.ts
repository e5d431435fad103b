/** A regular expression in a source text. */
export interface Literal {
  readonly line: number;
  readonly source: string;
  readonly flags: string;
}

/** What may stand before a slash that begins a regular expression; after anything else it divides. */
const BEFORE = /(?:^|[=(,:;!&|?{}[+*%~^<>-]|\b(?:return|typeof|case|of|in|yield|await))$/;

/** Returns the regular expressions of a TypeScript source. */
export function literalsOf(text: string): Literal[] {
  const found: Literal[] = [];
  const start = text.startsWith("#!") ? text.indexOf("\n") : 0;
  code(start, text.length);
  return found;

  /** Reads code up to `end`, or to the brace that closes what a template has opened; returns where it stopped. */
  function code(from: number, end: number): number {
    let open = 0;
    for (let at = from; at < end; ) {
      const character = text[at];
      if (text.startsWith("//", at)) at = text.indexOf("\n", at);
      else if (text.startsWith("/*", at)) at = text.indexOf("*/", at) + 2;
      else if (character === '"' || character === "'") at = quoted(at);
      else if (character === "`") at = template(at + 1);
      else if (character === "/" && BEFORE.test(text.slice(Math.max(0, at - 12), at).trimEnd())) at = literal(at);
      else {
        if (character === "{") open++;
        if (character === "}" && open-- === 0) return at;
        at++;
      }
    }
    return end;
  }

  function quoted(from: number): number {
    let at = from + 1;
    while (text[at] !== text[from]) at += text[at] === "\\" ? 2 : 1;
    return at + 1;
  }

  function template(from: number): number {
    let at = from;
    while (text[at] !== "`") {
      if (text.startsWith("${", at)) at = code(at + 2, text.length) + 1;
      else at += text[at] === "\\" ? 2 : 1;
    }
    return at + 1;
  }

  function literal(from: number): number {
    let at = from + 1;
    for (let inClass = false; inClass || text[at] !== "/"; at++) {
      if (text[at] === "\\") at++;
      else if (text[at] === "[") inClass = true;
      else if (text[at] === "]") inClass = false;
    }
    const flags = /^[a-z]*/.exec(text.slice(at + 1, at + 9))?.[0] ?? "";
    found.push({ line: text.slice(0, from).split("\n").length, source: text.slice(from + 1, at), flags });
    return at + 1 + flags.length;
  }
}

/** Characters, as sorted ranges. */
type Ranges = readonly (readonly [first: number, last: number])[];

type Node =
  | { readonly kind: "characters"; readonly ranges: Ranges }
  | { readonly kind: "list" | "choice"; readonly parts: readonly Node[] }
  | { readonly kind: "repeat"; readonly part: Node; readonly least: number; readonly most: number };

const LAST = 0x10ffff;
/** Stands for the end of the text: no class holds it. */
const END: Ranges = [[LAST + 1, LAST + 1]];
const NEWLINE: Ranges = [
  [0x0a, 0x0a],
  [0x0d, 0x0d],
  [0x2028, 0x2029],
];
const DIGIT: Ranges = [[0x30, 0x39]];
const WORD: Ranges = [
  [0x30, 0x39],
  [0x41, 0x5a],
  [0x5f, 0x5f],
  [0x61, 0x7a],
];
const SPACE: Ranges = [
  [0x09, 0x0d],
  [0x20, 0x20],
  [0xa0, 0xa0],
  [0x1680, 0x1680],
  [0x2000, 0x200a],
  [0x2028, 0x2029],
];
const CONTROL: Ranges = [
  [0, 0x1f],
  [0x7f, 0x9f],
];
const ANY: Ranges = [[0, LAST]];

function except(ranges: Ranges): Ranges {
  const out: [number, number][] = [];
  let next = 0;
  for (const [first, last] of [...ranges].sort((a, b) => a[0] - b[0])) {
    if (first > next) out.push([next, first - 1]);
    next = Math.max(next, last + 1);
  }
  if (next <= LAST) out.push([next, LAST]);
  return out;
}

/** Parses the forms that are used here; throws for others, so that nobody believes they were checked. */
class Parser {
  #at = 0;
  readonly #text: string;
  readonly #flags: string;
  constructor({ source, flags }: Literal) {
    this.#text = source;
    this.#flags = flags;
  }

  whole(): Node {
    const node = this.#choice();
    if (this.#at < this.#text.length) throw this.#unknown();
    return node;
  }

  #unknown(): Error {
    return new Error(`/${this.#text}/: what stands at ${this.#at} is not known to the test: teach it`);
  }

  #take(text: string): boolean {
    if (!this.#text.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }

  #choice(): Node {
    const parts = [this.#list()];
    while (this.#take("|")) parts.push(this.#list());
    return { kind: "choice", parts };
  }

  #list(): Node {
    const parts: Node[] = [];
    while (this.#at < this.#text.length && this.#text[this.#at] !== "|" && this.#text[this.#at] !== ")") {
      parts.push(this.#repeated(this.#one()));
    }
    return { kind: "list", parts };
  }

  #repeated(part: Node): Node {
    const bounds = /^(?:([*+?])|\{(\d+)(,?)(\d*)\})\??/.exec(this.#text.slice(this.#at));
    if (bounds === null) return part;
    this.#at += bounds[0].length;
    const [, sign, least = "0", comma, most] = bounds;
    if (sign !== undefined) {
      return { kind: "repeat", part, least: sign === "+" ? 1 : 0, most: sign === "?" ? 1 : Number.POSITIVE_INFINITY };
    }
    const end = comma === "" ? Number(least) : most === "" ? Number.POSITIVE_INFINITY : Number(most);
    return { kind: "repeat", part, least: Number(least), most: end };
  }

  #one(): Node {
    if (this.#take("(?:") || this.#take("(?=")) return this.#closed();
    const name = /^\(\?<[a-z]\w*>/i.exec(this.#text.slice(this.#at))?.[0];
    if (name !== undefined && this.#take(name)) return this.#closed();
    if (this.#text.startsWith("(?", this.#at)) throw this.#unknown();
    if (this.#take("(")) return this.#closed();
    if (this.#take("^") || this.#take("\\b")) return { kind: "list", parts: [] };
    if (this.#take("$")) return { kind: "characters", ranges: this.#flags.includes("m") ? NEWLINE : END };
    if (this.#take(".")) return { kind: "characters", ranges: this.#flags.includes("s") ? ANY : except(NEWLINE) };
    if (this.#take("[")) return { kind: "characters", ranges: this.#class() };
    return { kind: "characters", ranges: this.#character() };
  }

  #closed(): Node {
    const node = this.#choice();
    if (!this.#take(")")) throw this.#unknown();
    return node;
  }

  #class(): Ranges {
    const isNegated = this.#take("^");
    const ranges: [number, number][] = [];
    while (!this.#take("]")) {
      const first = this.#character();
      const [start] = first[0] ?? [0];
      if (this.#text[this.#at] === "-" && this.#text[this.#at + 1] !== "]" && first.length === 1) {
        this.#at++;
        const [end] = this.#character()[0] ?? [0];
        ranges.push([start, end]);
      } else for (const [from, to] of first) ranges.push([from, to]);
    }
    return isNegated ? except(ranges) : ranges;
  }

  #character(): Ranges {
    if (this.#take("\\p{Cc}")) return CONTROL;
    if (this.#take("\\P{Cc}")) return except(CONTROL);
    for (const [text, ranges] of [
      ["\\d", DIGIT],
      ["\\w", WORD],
      ["\\s", SPACE],
    ] as const) {
      if (this.#take(text)) return ranges;
      if (this.#take(text.toUpperCase())) return except(ranges);
    }
    for (const [text, code] of [
      ["\\n", 10],
      ["\\r", 13],
      ["\\t", 9],
      ["\\v", 11],
      ["\\f", 12],
    ] as const) {
      if (this.#take(text)) return [[code, code]];
    }
    const hex = /^\\(?:x([\da-f]{2})|u([\da-f]{4})|u\{([\da-f]{1,6})\})/i.exec(this.#text.slice(this.#at));
    if (hex !== null) {
      this.#at += hex[0].length;
      const code = Number.parseInt(hex[1] ?? hex[2] ?? hex[3] ?? "", 16);
      return [[code, code]];
    }
    if (this.#take("\\") && /[\w]/.test(this.#text[this.#at] ?? "")) throw this.#unknown();
    const code = this.#text.codePointAt(this.#at) ?? 0;
    this.#at += code > 0xffff ? 2 : 1;
    return [[code, code]];
  }
}

/** An automaton whose states are the places of the pattern that read a character. */
class Automaton {
  readonly ranges: Ranges[] = [];
  readonly follow: Set<number>[] = [];
  /** A step that there are two ways to take, as from `a` to `a` in `(a*)*`. */
  isTwofold = false;

  state(ranges: Ranges): number {
    this.follow.push(new Set());
    return this.ranges.push(ranges) - 1;
  }

  link(from: Iterable<number>, to: Iterable<number>): void {
    const targets = [...to];
    for (const one of from) {
      const set = this.follow[one] as Set<number>;
      for (const target of targets) {
        if (set.has(target)) this.isTwofold = true;
        set.add(target);
      }
    }
  }

  build(node: Node): Fragment {
    switch (node.kind) {
      case "characters": {
        const state = this.state(node.ranges);
        return { first: [state], last: [state], mayBeEmpty: false };
      }
      case "choice": {
        const parts = node.parts.map((part) => this.build(part));
        return {
          first: parts.flatMap(({ first }) => first),
          last: parts.flatMap(({ last }) => last),
          mayBeEmpty: parts.some(({ mayBeEmpty }) => mayBeEmpty),
        };
      }
      case "list":
        return node.parts.map((part) => this.build(part)).reduce((a, b) => this.#join(a, b), EMPTY);
      case "repeat": {
        const { part, least, most } = node;
        let whole = EMPTY;
        for (let i = 0; i < least; i++) whole = this.#join(whole, this.build(part));
        if (most === Number.POSITIVE_INFINITY) {
          const again = this.build(part);
          this.link(again.last, again.first);
          return this.#join(whole, { ...again, mayBeEmpty: true });
        }
        for (let i = least; i < Math.min(most, least + 4); i++) {
          whole = this.#join(whole, { ...this.build(part), mayBeEmpty: true });
        }
        return whole;
      }
    }
  }

  #join(a: Fragment, b: Fragment): Fragment {
    this.link(a.last, b.first);
    return {
      first: a.mayBeEmpty ? [...a.first, ...b.first] : a.first,
      last: b.mayBeEmpty ? [...a.last, ...b.last] : b.last,
      mayBeEmpty: a.mayBeEmpty && b.mayBeEmpty,
    };
  }
}

interface Fragment {
  readonly first: readonly number[];
  readonly last: readonly number[];
  readonly mayBeEmpty: boolean;
}
const EMPTY: Fragment = { first: [], last: [], mayBeEmpty: true };

/**
 * Says why a regular expression may take more than linear time; undefined if it does not.
 *
 * A matcher that backtracks takes quadratic time where a text can be read in two places of the pattern that both go on
 * with it, and it takes exponential time where one place is left and reached again in two ways. A search that is not
 * anchored begins with a place that reads anything. With the flag `y` a pattern is anchored at its lastIndex.
 */
export function backtracking(literal: Literal): string | undefined {
  const automaton = new Automaton();
  const { source, flags } = literal;
  const isAnchored = (source.startsWith("^") && !flags.includes("m")) || flags.includes("y");
  const before = isAnchored ? [] : [automaton.state(ANY)];
  automaton.link(before, before);
  if (source.startsWith("^") && flags.includes("m")) {
    const lineEnd = automaton.state(NEWLINE);
    automaton.link(before, [lineEnd]);
    before[0] = lineEnd;
  }
  const { first, last, mayBeEmpty } = automaton.build(new Parser(literal).whole());
  if (mayBeEmpty && !isAnchored) return undefined;
  automaton.link(before, first);
  if (automaton.isTwofold) return "one step can be taken in two ways, as in (a*)*";
  // Once the whole pattern may end, the match succeeds: nothing is tried again.
  const goesOn = automaton.ranges.map((_, state) => !last.includes(state));
  const common = commonCharacters(automaton.ranges);
  const count = automaton.ranges.length;
  for (let p = 0; p < count; p++) {
    if (!(automaton.follow[p] as Set<number>).size) continue;
    for (let q = 0; q < count; q++) {
      if (!goesOn[q]) continue;
      if (p !== q && reaches(automaton, common, [p, p, q], [p, q, q])) {
        return `a text can be read both at place ${p} and at place ${q}, again and again`;
      }
      if (p === q && reachesTwice(automaton, common, p)) return `place ${p} can be left and reached in two ways`;
    }
  }
  return undefined;
}

/** For each two states whether some character suits both. */
function commonCharacters(ranges: readonly Ranges[]): boolean[][] {
  return ranges.map((a) =>
    ranges.map((b) => a.some(([from, to]) => b.some(([first, last]) => from <= last && first <= to))),
  );
}

type Triple = readonly [number, number, number];

/** Whether three readings of one text lead from these states to those. */
function reaches(automaton: Automaton, common: boolean[][], from: Triple, to: Triple): boolean {
  const seen = new Set<string>();
  const queue: Triple[] = [from];
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    const [a, b, c] = next;
    for (const x of automaton.follow[a] as Set<number>) {
      for (const y of automaton.follow[b] as Set<number>) {
        if (!common[x]?.[y]) continue;
        for (const z of automaton.follow[c] as Set<number>) {
          if (!common[x]?.[z] || !common[y]?.[z]) continue;
          if (x === to[0] && y === to[1] && z === to[2]) return true;
          const key = `${x} ${y} ${z}`;
          if (seen.has(key)) continue;
          seen.add(key);
          queue.push([x, y, z]);
        }
      }
    }
  }
  return false;
}

/** Whether one text leads from a state back to it in two ways. */
function reachesTwice(automaton: Automaton, common: boolean[][], state: number): boolean {
  const seen = new Set<string>();
  const queue: (readonly [number, number, boolean])[] = [[state, state, false]];
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    const [a, b, haveParted] = next;
    for (const x of automaton.follow[a] as Set<number>) {
      for (const y of automaton.follow[b] as Set<number>) {
        if (!common[x]?.[y]) continue;
        const parted = haveParted || x !== y;
        if (parted && x === state && y === state) return true;
        const key = `${x} ${y} ${parted}`;
        if (seen.has(key)) continue;
        seen.add(key);
        queue.push([x, y, parted]);
      }
    }
  }
  return false;
}
