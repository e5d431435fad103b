import { UsageError } from "../../errors/index.ts";

const MAX_DEPTH = 64;
/** A longer number is no value of any type. Reading it would take time that grows faster than its length. */
const LONGEST_NUMBER = 80;
const BLANK = /\s*/y;
const TEXT = /"(?:[^"\\]|\\.)*"/y;
const WORD = /[-+]?[A-Za-z0-9_.]+(?:[eE][-+][0-9]+)?/y;
const INTEGER = /^[-+]?(?:0[xX][0-9a-fA-F]+|0|[1-9][0-9]*)$/;
const FRACTION = /^[-+]?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?$/;

/**
 * Reads JSON that a person wrote. Besides JSON it accepts hexadecimal numbers, and names without quotes, such as those of
 * enumerators and members. Integers that a number cannot hold become bigints. `name` is the value's name in errors.
 */
export function readLooseJson(text: string, name: string): unknown {
  let at = 0;
  const value = readValue(0);
  if (at < text.length) fail("expected nothing more");
  return value;

  function readValue(depth: number): unknown {
    if (depth > MAX_DEPTH) fail(`expected at most ${MAX_DEPTH} levels of brackets`);
    skipBlanks();
    if (text[at] === "{") return readMembers(depth);
    if (text[at] === "[") return readElements(depth);
    const value = text[at] === '"' ? readText() : readWord();
    skipBlanks();
    return value;
  }

  function readMembers(depth: number): Record<string, unknown> {
    const members: Record<string, unknown> = Object.create(null);
    readList("}", () => {
      const key = text[at] === '"' ? readText() : take(WORD, "the name of a member");
      skipBlanks();
      if (text[at++] !== ":") {
        at--;
        fail("expected ':'");
      }
      if (Object.hasOwn(members, key)) fail(`expected the member ${JSON.stringify(key)} only once`);
      members[key] = readValue(depth + 1);
    });
    return members;
  }

  function readElements(depth: number): unknown[] {
    const elements: unknown[] = [];
    readList("]", () => elements.push(readValue(depth + 1)));
    return elements;
  }

  /** Reads a list with its brackets. */
  function readList(end: string, readOne: () => void): void {
    at++;
    skipBlanks();
    if (text[at] !== end) {
      for (;;) {
        skipBlanks();
        readOne();
        skipBlanks();
        if (text[at] !== ",") break;
        at++;
      }
      if (text[at] !== end) fail(`expected ',' or '${end}'`);
    }
    at++;
    skipBlanks();
  }

  function readText(): string {
    const start = at;
    const quoted = take(TEXT, "a text that ends with a quotation mark");
    try {
      return JSON.parse(quoted) as string;
    } catch {
      at = start;
      return fail("expected a text without control characters and with valid escapes");
    }
  }

  function readWord(): unknown {
    const word = take(WORD, "a value");
    if (word === "true" || word === "false") return word === "true";
    if (word.length <= LONGEST_NUMBER && INTEGER.test(word)) return integerOf(word);
    return FRACTION.test(word) ? Number(word) : word;
  }

  function take(pattern: RegExp, what: string): string {
    pattern.lastIndex = at;
    const [found] = pattern.exec(text) ?? [];
    if (found === undefined) return fail(`expected ${what}`);
    at += found.length;
    return found;
  }

  function skipBlanks(): void {
    BLANK.lastIndex = at;
    at += BLANK.exec(text)?.[0].length ?? 0;
  }

  function fail(expected: string): never {
    const rest = at < text.length ? `'${text.slice(at, at + 20)}'` : "the end";
    throw new UsageError(`${name}: ${expected} at character ${at + 1}, got: ${rest}`);
  }
}

function integerOf(word: string): number | bigint {
  const isNegative = word.startsWith("-");
  const digits = BigInt(word.replace(/^[-+]/, ""));
  const value = isNegative ? -digits : digits;
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}
