import type { JsonValue } from "./json-writer.ts";
import type { LiveOutput } from "./live.ts";

/** The result of a command, which can be shown as text or as JSON. Showing it makes no more system calls. */
export interface Answer {
  /** The text form, in pieces (of UTF-8 where they are bytes), each with its line ends. */
  text(): Iterable<string | Uint8Array>;
  /** The JSON form: one value. */
  json(): JsonValue;
  /** The JSON form in pieces, if it may be too large for one string. `pretty`: in many lines. */
  jsonPieces?(pretty: boolean): Iterable<string | Uint8Array>;
  /** The exit code; 0 unless given. */
  readonly exitCode?: number;
  /** Where the text goes; help goes to standard error as bpftool's does. Default standard output. */
  readonly textTo?: "stdout" | "stderr";
}

/** The answer of a live command: it runs until a signal ends it, and writes at once what it finds. */
export interface LiveAnswer {
  /** Writes to `output` until there is no more, or until `signal` is aborted by Ctrl-C or a request to end. */
  live(output: LiveOutput, signal: AbortSignal): Promise<void>;
}

/** The answer of a command that prints nothing; with -j it prints `null`. */
export const done: Answer = { text: () => [], json: () => null };
