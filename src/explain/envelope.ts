import { ownValue } from "../layout/index.ts";
import { cleanLine, leadingBlanks, withoutPrefixes } from "./clean-line.ts";
import { isVerifierLine, kindOfLine } from "./log-line.ts";

/** The verifier's log of one program, found in a larger text. */
export interface LogBlock {
  /** The program's name, if the loader wrote it. */
  readonly program: string | undefined;
  /** The kernel's lines: clean and without prefixes. */
  readonly lines: readonly string[];
  /** True if the text has lines of the verifier or a loader's marks. False if it may be no log at all. */
  readonly isLog: boolean;
}

/** What a text holds: the logs of programs, and the lines that a loader wrote around them. */
export interface Paste {
  readonly blocks: readonly LogBlock[];
  readonly loaderLines: readonly string[];
}

/** From one text, at most this many logs and this many lines of a loader are read. Further ones are ignored. */
const MOST_BLOCKS = 256;
const MOST_LOADER_LINES = 20_000;

/** Finds the verifier's logs in pasted text: the output of a loader, of a log collector or of a terminal. */
export function findLogs(input: string | Iterable<string>): Paste {
  const finder = new BlockFinder();
  for (const physical of typeof input === "string" ? linesOf(input) : input) {
    for (const line of expand(physical)) finder.read(line);
  }
  return finder.finish();
}

function* linesOf(text: string): Generator<string> {
  for (let start = 0; start <= text.length; ) {
    const end = text.indexOf("\n", start);
    yield text.slice(start, end < 0 ? text.length : end);
    if (end < 0) return;
    start = end + 1;
  }
}

class BlockFinder {
  readonly #blocks: LogBlock[] = [];
  readonly #loaderLines: string[] = [];
  #program: string | undefined;
  #lines: string[] | undefined;
  /** True between a loader's marks BEGIN and END. */
  #marked = false;
  /** True after the statistics, which end a log. */
  #ended = false;
  #hasInstruction = false;
  #indent = 0;

  read(raw: string): void {
    const line = withoutPrefixes(raw);
    const text = line.trimStart();
    const begin = BEGIN.exec(text);
    if (begin !== null) {
      this.#close();
      this.#program = PROGRAM.exec(text)?.[1] ?? this.#program;
      this.#open(true);
    } else if (END.test(text)) this.#close();
    else if (!TRUNCATED.test(text)) this.#readLine(line, text);
  }

  #readLine(line: string, text: string): void {
    if (this.#lines !== undefined && LOADER_GOES_ON.test(text)) this.#close();
    const own = this.#unindented(line, text);
    const kind = kindOfLine(own);
    if (this.#marked) this.#add(own);
    else if (isVerifierLine(kind, own)) {
      const starts = kind === "state" && own.startsWith("0: R1=");
      if (this.#lines !== undefined && (this.#ended || (starts && this.#hasInstruction))) {
        if (kind !== "statistics") this.#close();
      }
      if (this.#lines === undefined) {
        this.#open(false);
        // The program was refused before its first instruction. The reason is in the lines before the statistics.
        if (kind === "statistics") this.#lines = this.#loaderLines.slice(-8);
      }
      if (kind === "instruction") this.#hasInstruction = true;
      if (own.startsWith("processed ")) this.#ended = true;
      this.#add(own);
    } else if (this.#lines !== undefined && !this.#ended) this.#add(own);
    else this.#addLoaderLine(text);
  }

  /** Removes the indentation that a loader gave all lines of the log. The first instruction shows how wide it is. */
  #unindented(line: string, text: string): string {
    if (line === text) return line;
    const width = leadingBlanks(line);
    if (this.#lines === undefined || this.#indent === 0) {
      if (kindOfLine(text) !== "instruction" && !text.startsWith("0: R1=")) return line;
      this.#indent = width;
    }
    return line.slice(Math.min(this.#indent, width));
  }

  #open(marked: boolean): void {
    this.#lines = [];
    this.#marked = marked;
    this.#ended = false;
    this.#hasInstruction = false;
  }

  #add(line: string): void {
    this.#lines?.push(line);
  }

  #addLoaderLine(text: string): void {
    if (text === "" || this.#loaderLines.length >= MOST_LOADER_LINES) return;
    this.#loaderLines.push(text);
    this.#program = PROGRAM.exec(text)?.[1] ?? this.#program;
  }

  #close(): void {
    const lines = this.#lines;
    if (lines !== undefined && lines.length > 0 && this.#blocks.length < MOST_BLOCKS) {
      this.#blocks.push({ program: this.#program, lines, isLog: true });
    }
    this.#lines = undefined;
    this.#marked = false;
    this.#indent = 0;
    this.#program = undefined;
  }

  finish(): Paste {
    this.#close();
    if (this.#blocks.length === 0 && this.#loaderLines.length > 0) {
      this.#blocks.push({ program: this.#program, lines: this.#loaderLines.slice(-64), isLog: false });
    }
    return { blocks: this.#blocks, loaderLines: this.#loaderLines };
  }
}

const BEGIN = /-- BEGIN (?:PROG LOAD|DUMP) LOG --/;
const END = /^(?:.{0,200} )?-{1,3} ?END (?:PROG LOAD |DUMP )?LOG --/;
const TRUNCATED = /^\(truncated\.{3}\)|^\(\d{1,9} lines? omitted\)|^\[?\.{3}\]?$/;
const PROGRAM = /\bprog(?:ram)? '?([\w.]{1,128})'?: (?:BPF program load failed|-- BEGIN|load program|failed to load)/;
/** Matches lines that end a log whose END mark is lost. */
const LOADER_GOES_ON =
  /^(?:prog '[^']{1,128}': (?:failed to load|BPF program load failed)|failed to load object|Error: failed to load|HINT: |Caused by:|\(os error \d|bpf: Failed|ERROR: Error loading|thread ')/;

/** Texts after which some loaders put the log on the same line. */
const LOG_FOLLOWS = ["Verifier output: ", "erifier log: ", "rror log: ", "erifier error: "];

/** Splits a physical line into clean lines. Log collectors put a log into one line of JSON; cilium/ebpf joins lines. */
function* expand(physical: string): Generator<string> {
  if (physical.length > 64 || physical.startsWith("{")) {
    const packed = unpackJson(physical) ?? unpackEscapes(physical) ?? unpackJoined(physical);
    if (packed !== undefined) {
      for (const line of packed) yield cleanLine(line);
      return;
    }
  }
  const line = cleanLine(physical);
  for (const mark of LOG_FOLLOWS) {
    const at = line.indexOf(mark);
    if (at < 0) continue;
    yield line.slice(0, at + mark.length).trimEnd();
    yield line.slice(at + mark.length);
    return;
  }
  yield line;
}

/** The members of a JSON log line that hold the message. */
const MESSAGES = ["log", "msg", "message", "error", "err", "text", "body", "verifier_log", "MESSAGE"];
const LONGEST_JSON = 32 * 1024 * 1024;

function unpackJson(line: string): string[] | undefined {
  const start = line.indexOf("{");
  if (start < 0 || start > 200 || !line.trimEnd().endsWith("}") || line.length > LONGEST_JSON) return undefined;
  if (line.charCodeAt(start + 1) !== 34 && line.charCodeAt(start + 1) !== 32) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(line.slice(start));
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const members = value as Record<string, unknown>;
  const texts = MESSAGES.flatMap((name) => {
    const text = ownValue(members, name);
    return typeof text === "string" ? [text] : [];
  });
  return texts.length === 0 ? undefined : texts.flatMap((text) => [...linesOf(text.replace(/\n$/, ""))]);
}

/** Splits a text in which the line ends are written as `\n`. The source lines of a log may contain `\n`, too. */
function unpackEscapes(line: string): string[] | undefined {
  const first = line.indexOf("\\n");
  if (first < 0 || line.indexOf("\\n", first + 2) < 0 || withoutPrefixes(cleanLine(line)).startsWith("; ")) {
    return undefined;
  }
  const pieces = line.split("\\n").map((piece) => piece.replaceAll("\\t", " ").replaceAll('\\"', '"'));
  return pieces.some((piece) => kindOfLine(piece) === "instruction") ? pieces : undefined;
}

const OMITTED = / \(\d{1,9} line\(s\) omitted\)$/;

/** Splits `load program: permission denied: LINE: LINE (3 line(s) omitted)`, as cilium/ebpf joins the last lines. */
function unpackJoined(physical: string): string[] | undefined {
  const at = physical.indexOf("load program: ");
  if (at < 0) return undefined;
  const line = cleanLine(physical).replace(OMITTED, "");
  const cause = line.indexOf(": ", at + "load program: ".length);
  if (cause < 0) return undefined;
  const body = line.slice(cause + 2);
  const instruction = /^(\d{1,7}: \([0-9a-f]{2}\)[^:]{1,200}): (.+)$/.exec(body);
  const verdict = instruction?.[2] ?? body;
  return [
    line.slice(0, cause),
    ...(instruction === null ? [] : [instruction[1] as string]),
    ...verdict.split(/: (?=R\d{1,2} )/),
  ];
}
