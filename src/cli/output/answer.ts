import type { JsonValue } from "./json-writer.ts";

/** What a command found out, ready to be rendered either way: neither asks the kernel anything more. */
export interface Answer {
  /** The text form, in pieces (of UTF-8 where they are bytes), each with its line ends. */
  text(): Iterable<string | Uint8Array>;
  /** The JSON form: one value. */
  json(): JsonValue;
  /** The JSON form in pieces, for one that may be too large for a text of its own. `pretty`: in many lines. */
  jsonPieces?(pretty: boolean): Iterable<string | Uint8Array>;
  /** What standard error says besides, in text output only. */
  readonly note?: string | undefined;
  /** The exit code; 0 unless given. */
  readonly exitCode?: number;
  /** Where the text goes; help goes to standard error as bpftool's does. Default standard output. */
  readonly textTo?: "stdout" | "stderr";
}

/** What a command goes on to find out until it is told to end: rendered as it comes. */
export interface LiveAnswer {
  /** Writes to standard output until there is no more, or until `signal` is aborted by Ctrl-C or a request to end. */
  live(write: (text: string | Uint8Array) => void, signal: AbortSignal): Promise<void>;
}

/** The answer of a command that only does something: silence, or `null`. */
export const done: Answer = { text: () => [], json: () => null };
