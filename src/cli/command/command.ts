import type { Answer, LiveAnswer } from "../output/answer.ts";
import type { Options } from "../words/options.ts";
import type { Selectable } from "../words/selection.ts";
import type { Words } from "../words/words.ts";

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
  /** The options that its commands heed besides those of every command, for help. */
  readonly options?: readonly string[];
  /** What it does itself, where it has no commands. */
  readonly run?: () => Promise<Run>;
}

/** What runs for an entry: its own code, or that of the entry whose other name it is. */
export function codeOf(entry: CommandEntry, commands: readonly CommandEntry[]): CommandEntry["run"] {
  return entry.run ?? commands.find(({ name }) => name === entry.as)?.run;
}
