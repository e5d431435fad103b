import type { JsonValue } from "./json-writer.ts";
import type { LiveOutput } from "./live.ts";

/** What a command found out, ready to be rendered either way: neither asks the kernel anything more. */
export interface Answer {
  /** The text form, in pieces (of UTF-8 where they are bytes), each with its line ends. */
  text(): Iterable<string | Uint8Array>;
  /** The JSON form: one value. */
  json(): JsonValue;
  /** The JSON form in pieces, for one that may be too large for a text of its own. `pretty`: in many lines. */
  jsonPieces?(pretty: boolean): Iterable<string | Uint8Array>;
  /** The exit code; 0 unless given. */
  readonly exitCode?: number;
  /** Where the text goes; help goes to standard error as bpftool's does. Default standard output. */
  readonly textTo?: "stdout" | "stderr";
}

/** The answer of a command that goes on until it is told to end, and writes what it finds out at once. */
export interface LiveAnswer {
  /** Writes to `output` until there is no more, or until `signal` is aborted by Ctrl-C or a request to end. */
  live(output: LiveOutput, signal: AbortSignal): Promise<void>;
}

/** The answer of a command that only does something: silence, or `null`. */
export const done: Answer = { text: () => [], json: () => null };
