import type { Answer, LiveAnswer } from "../output/answer.ts";
import type { Options } from "../words/options.ts";
import type { Selectable, Words } from "../words/words.ts";

/** Carries out a command: takes its words, asks the kernel once, and returns what to show. */
export type Run = (words: Words, options: Options) => Answer | LiveAnswer | Promise<Answer | LiveAnswer>;

/** A command of an object. */
export interface CommandEntry extends Selectable {
  /** What follows the name, line by line, in the grammar of bpftool's usage texts. */
  readonly syntax?: readonly string[];
  /** A second name of the entry above, with its syntax. */
  readonly as?: string;
  /** One line for the manual page. */
  readonly summary?: string;
  /** Loads the command's code. Absent: bpftool has the command, bpfts does not have it yet. */
  readonly run?: () => Promise<Run>;
}

/** An object: the first word of a command line. */
export interface ObjectEntry extends Selectable {
  readonly summary: string;
  /** Its commands in bpftool's order; the first one is what the object's name alone does. */
  readonly commands?: readonly CommandEntry[];
  /** Definitions of the words in capitals, for help. */
  readonly grammar?: readonly string[];
  /** The options that only this object's commands use, for help. */
  readonly options?: readonly string[];
  /** Loads the code of an object that has no commands. */
  readonly run?: () => Promise<Run>;
}

/** Returns what loads an entry's code. A second name has the code of the entry that it stands for. */
export function codeOf(entry: CommandEntry, commands: readonly CommandEntry[]): CommandEntry["run"] {
  return entry.run ?? commands.find(({ name }) => name === entry.as)?.run;
}

// Parts of usage texts that several objects share.

export const PROG = "PROG := { id PROG_ID | pinned FILE | tag PROG_TAG | name PROG_NAME }";
export const MAP = "MAP := { id MAP_ID | pinned FILE | name MAP_NAME }";
export const LINK = "LINK := { id LINK_ID | pinned FILE }";
export const BPFFS = "{-f|--bpffs}";
export const NOMOUNT = "{-n|--nomount}";

/** `help`, which every object has. */
export const HELP: CommandEntry = { name: "help", syntax: [""], summary: "print this help" };

/** Commands that bpftool has and bpfts does not have yet, by name. */
export function later(...names: string[]): CommandEntry[] {
  return names.map((name) => ({ name, changes: !READS.has(name) }));
}
const READS: ReadonlySet<string> = new Set(
  "show list dump lookup getnext event_pipe peek tracelog run profile probe list_builtins".split(" "),
);
