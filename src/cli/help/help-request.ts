import { existsSync } from "node:fs";
import type { Options } from "../words/options.ts";

/** What the user wants to read about. Without an object, about the whole command. */
export interface HelpRequest {
  readonly object?: string | undefined;
  readonly command?: string | undefined;
  /** True if the manual page is wanted. */
  readonly man?: boolean;
}

/**
 * Returns what help the words ask for: `--help` anywhere, `help OBJECT [COMMAND]`, or `OBJECT COMMAND help`. Returns
 * undefined for other words, also for bpftool's own forms `help` and `OBJECT help`, which print the usage.
 */
export function helpRequest(words: readonly string[], options: Options): HelpRequest | undefined {
  const [first, second, third] = words;
  if (options.help || options.man) {
    const [object, command] = words.filter((word) => word !== "help");
    return { object, command, man: options.man };
  }
  if (first === "help" && second !== undefined) return { object: second, command: third };
  // A file in this directory may have the name `help`: `cgroup show help`.
  if (words.length === 3 && third === "help" && second !== "help" && !existsSync("help")) {
    return { object: first, command: second };
  }
  return undefined;
}
