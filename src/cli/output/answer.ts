import type { JsonValue } from "./json-writer.ts";
import type { LiveOutput } from "./live.ts";

/** The result of a command, which can be shown as text or as JSON. Showing the result makes no more system calls. */
export interface Answer {
  /** Returns the text form in pieces, including all line ends. Pieces that are bytes are UTF-8. */
  text(): Iterable<string | Uint8Array>;
  /** Returns the JSON form, which is one value. */
  json(): JsonValue;
  /** Returns the JSON form in pieces, if it may be too large for one string. If `pretty` is true, it has many lines. */
  jsonPieces?(pretty: boolean): Iterable<string | Uint8Array>;
  /** The exit code. Default: 0. */
  readonly exitCode?: number;
  /** Where the text goes. Help goes to standard error, as in bpftool. Default: standard output. */
  readonly textTo?: "stdout" | "stderr";
}

/**
 * The answer of a live command. Such a command runs until a signal ends it, and writes its results as soon as it has
 * them.
 */
export interface LiveAnswer {
  /** Writes to `output` until there is nothing more to write, or until `signal` is aborted, for example by Ctrl-C. */
  live(output: LiveOutput, signal: AbortSignal): Promise<void>;
  /** The exit code; valid once the command has ended. Default: 0. */
  readonly exitCode?: number;
}

/** The answer of a command that prints nothing; with -j it prints `null`. */
export const done: Answer = { text: () => [], json: () => null };
