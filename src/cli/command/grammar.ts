import { begins } from "../words/words.ts";

// Parses bpftool's usage texts. They consist of `[an optional part]`, `{ a choice | of parts }`, `a repeated part...`,
// names of definitions such as PROG, other words in capitals, which stand for a value, and keywords.

/** A part of a command's syntax. */
export type Syntax =
  | { readonly kind: "keyword"; readonly word: string }
  | ValueSyntax
  | { readonly kind: "sequence" | "choice"; readonly parts: readonly Syntax[] }
  | { readonly kind: "optional" | "repeated"; readonly part: Syntax };

/** A word that the user chooses, such as an id or a file. */
export interface ValueSyntax {
  readonly kind: "value";
  /** The name in the usage text, such as `PROG_ID`. */
  readonly name: string;
  /** The definition that contains the value, such as `PROG`. */
  readonly within: string | undefined;
}

/** The definitions of a usage text, such as `PROG := { id PROG_ID | … }`, by name. */
export type Definitions = ReadonlyMap<string, string>;

/** Reads the definitions of an object. A definition may continue on the following lines. */
export function readDefinitions(lines: readonly string[]): Definitions {
  const found = new Map<string, string>();
  let last = "";
  for (const line of lines) {
    const at = line.indexOf(" := ");
    if (at > 0) last = line.slice(0, at);
    found.set(last, at > 0 ? line.slice(at + 4) : `${found.get(last)} ${line}`);
  }
  return found;
}

/**
 * Joins the lines of a usage text. An indented line continues the line above it. Each result is one form of the
 * command.
 */
export function joinForms(lines: readonly string[]): string[] {
  const forms: string[] = [];
  for (const line of lines) {
    const text = line.replace(/\\$/, "").trim();
    if (line.startsWith(" ") && forms.length > 0) forms.push(`${forms.pop()} ${text}`);
    else forms.push(text);
  }
  return forms.map((form) => form.replace(/ +/g, " "));
}

/** Parses a usage text. Throws if its brackets do not match. */
export function parseSyntax(text: string, definitions: Definitions): Syntax {
  return new SyntaxParser(text, definitions, undefined).whole();
}

const TOKEN = /\.\.\.|[[\]{}|]|[^\s[\]{}|.]+/g;

class SyntaxParser {
  readonly #text: string;
  readonly #tokens: readonly string[];
  readonly #definitions: Definitions;
  readonly #within: string | undefined;
  #at = 0;

  constructor(text: string, definitions: Definitions, within: string | undefined) {
    this.#text = text;
    this.#tokens = text.match(TOKEN) ?? [];
    this.#definitions = definitions;
    this.#within = within;
  }

  whole(): Syntax {
    const part = this.#choice();
    if (this.#at < this.#tokens.length) throw new Error(`the syntax '${this.#text}' has a bracket too many`);
    return part;
  }

  #choice(): Syntax {
    const parts = [this.#sequence()];
    while (this.#tokens[this.#at] === "|") {
      this.#at++;
      parts.push(this.#sequence());
    }
    return parts.length === 1 ? (parts[0] as Syntax) : { kind: "choice", parts };
  }

  #sequence(): Syntax {
    const parts: Syntax[] = [];
    for (;;) {
      const token = this.#tokens[this.#at];
      if (token === undefined || token === "]" || token === "}" || token === "|") break;
      this.#at++;
      if (token === "...") parts.push({ kind: "repeated", part: parts.pop() as Syntax });
      else if (token === "[") parts.push({ kind: "optional", part: this.#bracket("]") });
      else if (token === "{") parts.push(this.#bracket("}"));
      else parts.push(this.#word(token));
    }
    return { kind: "sequence", parts: inAnyOrder(parts) };
  }

  #bracket(end: string): Syntax {
    const part = this.#choice();
    if (this.#tokens[this.#at++] !== end) throw new Error(`the syntax '${this.#text}' lacks a '${end}'`);
    return part;
  }

  #word(token: string): Syntax {
    const plural = /^[A-Z_]+s$/.test(token);
    const name = token.replace(/^<(.*)>$/, "$1").slice(0, plural ? -1 : undefined);
    const definition = this.#definitions.get(name);
    let part: Syntax = { kind: "keyword", word: token };
    if (definition !== undefined) part = new SyntaxParser(definition, this.#definitions, name).whole();
    else if (/^[A-Z]/.test(token) || token.startsWith("<")) part = { kind: "value", name, within: this.#within };
    return plural || name === "BYTES" ? { kind: "repeated", part } : part;
  }
}

/** Lets optional parts that follow each other appear in any order. */
function inAnyOrder(parts: readonly Syntax[]): Syntax[] {
  const out: Syntax[] = [];
  let run: Syntax[] = [];
  const endRun = (): void => {
    if (run.length > 1)
      out.push({ kind: "optional", part: { kind: "repeated", part: { kind: "choice", parts: run } } });
    else out.push(...run.map((part): Syntax => ({ kind: "optional", part })));
    run = [];
  };
  for (const part of parts) {
    if (part.kind === "optional") run.push(part.part);
    else {
      endRun();
      out.push(part);
    }
  }
  endRun();
  return out;
}

/** What may follow the words on a command line. */
export interface NextWords {
  readonly keywords: ReadonlySet<string>;
  readonly values: readonly ValueSyntax[];
  /** True if the command line is complete without further words. */
  readonly complete: boolean;
}

/** Returns what may follow these words in a syntax. Nothing may follow words that do not fit the syntax. */
export function nextWords(syntax: Syntax, words: readonly string[]): NextWords {
  const keywords = new Set<string>();
  const values: ValueSyntax[] = [];
  const ends = walk(syntax, 0);
  return { keywords, values, complete: ends.has(words.length) };

  /** Returns the indexes in `words` at which `part` can end if it begins at the index `at`. */
  function walk(part: Syntax, at: number): Set<number> {
    switch (part.kind) {
      case "keyword":
        if (at === words.length) keywords.add(part.word);
        return new Set(at < words.length && begins(words[at] as string, part.word) ? [at + 1] : []);
      case "value":
        if (at === words.length && !values.includes(part)) values.push(part);
        return new Set(at < words.length && fits(part, words[at] as string) ? [at + 1] : []);
      case "optional":
        return new Set([at, ...walk(part.part, at)]);
      case "choice":
        return new Set(part.parts.flatMap((one) => [...walk(one, at)]));
      case "sequence": {
        let places = new Set([at]);
        for (const one of part.parts) places = new Set([...places].flatMap((place) => [...walk(one, place)]));
        return places;
      }
      case "repeated": {
        const reached = new Set<number>();
        let places = walk(part.part, at);
        while (places.size > 0) {
          for (const place of places) reached.add(place);
          places = new Set([...places].flatMap((place) => (place > at ? [...walk(part.part, place)] : [])));
          for (const place of places) if (reached.has(place)) places.delete(place);
        }
        return reached;
      }
    }
  }
}

/**
 * Returns true if a word can be this value. Any word can be a value, except that BYTES must be numbers or JSON: a list of
 * bytes ends at the first other word.
 */
function fits({ name }: ValueSyntax, word: string): boolean {
  return name !== "BYTES" || /^((0x)?[0-9a-fA-F]+$|[{["])/.test(word);
}
