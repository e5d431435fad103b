import { CommandError } from "../failure/command-error.ts";

/** A command of a batch file. */
export interface BatchLine {
  /** The number of the line at which the command begins; the first line of the file is 1. */
  readonly line: number;
  readonly words: readonly string[];
}

/** bpftool's limits for a command: its bytes, including continuation lines, and its words. */
const MOST_BYTES = 65536;
const MOST_WORDS = 4095;

/**
 * Reads the commands of a batch file from pieces of its text. `#` begins a comment, also inside quotes. A backslash at
 * the end of a line continues it on the next one. A word that begins with a quotation mark ends at the next mark of the
 * same kind. Lines without words are skipped. Throws CommandError for a malformed command. Its message contains the
 * command's number; as in bpftool, the first command is 0.
 */
export function* readBatchLines(pieces: Iterable<string>): Generator<BatchLine, void, undefined> {
  let count = 0;
  let line = 0;
  let begin = 1;
  let text = "";
  let isContinued = false;
  for (const raw of splitLines(pieces)) {
    line += 1;
    if (!isContinued) begin = line;
    const comment = raw.indexOf("#");
    text += comment < 0 ? raw : raw.slice(0, comment);
    if (Buffer.byteLength(text) >= MOST_BYTES - 1) {
      // bpftool has different messages for a command with continuation lines and for a command on a single line.
      throw new CommandError(
        isContinued ? `command ${count} is too long` : "reading batch file failed: Argument list too long",
      );
    }
    isContinued = text.endsWith("\\\n");
    if (isContinued) {
      text = text.slice(0, -2);
      continue;
    }
    const words = splitWords(text, count);
    text = "";
    if (words.length === 0) continue;
    yield { line: begin, words };
    count += 1;
  }
  if (isContinued) throw new CommandError(`missing continuation line on command ${count}`);
}

/** Splits a text into lines. Each line keeps its line end. */
function* splitLines(pieces: Iterable<string>): Generator<string, void, undefined> {
  let rest = "";
  for (const piece of pieces) {
    rest += piece;
    let at = 0;
    for (let end = rest.indexOf("\n"); end >= 0; end = rest.indexOf("\n", at)) {
      yield rest.slice(at, end + 1);
      at = end + 1;
    }
    rest = rest.slice(at);
  }
  if (rest !== "") yield rest;
}

/** Splits a command into words. `count` is the command's number in error messages. */
function splitWords(text: string, count: number): string[] {
  const words: string[] = [];
  for (let at = skipBlanks(text, 0); at < text.length; at = skipBlanks(text, at)) {
    if (words.length >= MOST_WORDS) throw new CommandError(`too many arguments to command ${count}`);
    const quote = text[at] as string;
    let end: number;
    if (quote === "'" || quote === '"') {
      at += 1;
      end = text.indexOf(quote, at);
      if (end < 0) throw new CommandError(`unterminated quoted string in command ${count}`);
    } else {
      end = at;
      while (end < text.length && !BLANKS.has(text[end] as string)) end += 1;
    }
    words.push(text.slice(at, end));
    at = end + 1;
  }
  return words;
}

const BLANKS: ReadonlySet<string> = new Set([" ", "\t", "\r", "\n"]);

function skipBlanks(text: string, from: number): number {
  let at = from;
  while (at < text.length && BLANKS.has(text[at] as string)) at += 1;
  return at;
}
