import { existsSync } from "node:fs";
import type { Options } from "../words/options.ts";

/** The topic that the user wants help about. Without `object`, the topic is `bpfts` as a whole. */
export interface HelpRequest {
  readonly object?: string | undefined;
  readonly command?: string | undefined;
  /** True if the manual page is wanted. */
  readonly man?: boolean;
}

/**
 * Returns the help that the user asked for by `--help` or `--man` anywhere, `help OBJECT [COMMAND]`, or `OBJECT COMMAND
 * help`. Returns undefined for all other words, including bpftool's own forms `help` and `OBJECT help`, which print the
 * usage text.
 */
export function helpRequest(words: readonly string[], options: Options): HelpRequest | undefined {
  const [first, second, third] = words;
  if (options.help || options.man) {
    const [object, command] = words.filter((word) => word !== "help");
    return { object, command, man: options.man };
  }
  if (first === "help" && second !== undefined) return { object: second, command: third };
  // If there is a file named `help`, the last word may be its path, for example in `cgroup show help`.
  if (words.length === 3 && third === "help" && second !== "help" && !existsSync("help")) {
    return { object: first, command: second };
  }
  return undefined;
}
