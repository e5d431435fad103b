import type { JsonValue } from "./json-writer.ts";

/** What a command found out, ready to be rendered either way: neither asks the kernel anything more. */
export interface Answer {
  /** The text form, in pieces, each with its line ends. */
  text(): Iterable<string>;
  /** The JSON form: one value. */
  json(): JsonValue;
  /** Where the text goes; help goes to standard error as bpftool's does. Default standard output. */
  readonly textTo?: "stdout" | "stderr";
}

/** The answer of a command that only does something: silence, or `null`. */
export const done: Answer = { text: () => [], json: () => null };
