import type { Answer, LiveAnswer } from "../output/answer.ts";
import type { JsonValue } from "../output/json-writer.ts";
import type { Options } from "../words/options.ts";
import type { Selectable, Words } from "../words/words.ts";

/**
 * Carries out a command: takes the command's words, calls the kernel, and returns what to show. `table` is the table of
 * all commands, which completion needs.
 */
export type Run = (
  words: Words,
  options: Options,
  table: readonly ObjectEntry[],
) => Answer | LiveAnswer | Promise<Answer | LiveAnswer>;

/** The help text of a command or an object. */
export interface HelpTexts {
  /** Examples: a command line, and what it does. */
  readonly examples: readonly (readonly [line: string, meaning: string])[];
  /** The meanings of words in the command's syntax. Words that several commands share are in help/shared-words.ts. */
  readonly words?: Readonly<Record<string, string>>;
  /** Further paragraphs of the help text. */
  readonly notes?: readonly string[];
}

/** Carries out a command that runs the command lines of a file. */
export type RunLines = (words: Words, options: Options, runner: LineRunner) => LiveAnswer;

/** Runs command lines for {@link RunLines}, each with the options of the whole run. */
export interface LineRunner {
  run(words: readonly string[]): Promise<Answer | LiveAnswer>;
  /** Reports a failure and returns its exit code. */
  reportFailure(error: unknown, to: FailurePlace): number;
}

/** How to report a failure. */
export interface FailurePlace {
  /** The beginning of the message, such as a file and a line. */
  readonly place?: string;
  /** Writes the failure as JSON, if the option -j was given. Default: writes it as a line to standard output. */
  readonly writeJson?: (failure: JsonValue) => void;
}

/** A command of an object. */
export interface CommandEntry extends Selectable {
  /**
   * The usage text of the command without its name, one element for each line, in the notation of bpftool's usage
   * texts.
   */
  readonly syntax?: readonly string[];
  /** If this entry is an alias: the name of the command for which it stands. An alias can have a syntax of its own. */
  readonly as?: string;
  /** What the command does: a sentence without a capital letter at the beginning and without a full stop. */
  readonly summary?: string;
  /** Returns the help text. This is a function, so that the texts are built only if they are shown. */
  readonly help?: () => HelpTexts;
  /** Loads the command's code. An alias and `help` have none. */
  readonly run?: () => Promise<Run>;
}

/** An object, such as `prog`: the first word of a command line. */
export interface ObjectEntry extends Selectable {
  readonly summary: string;
  /** The object's commands in bpftool's order. The first one runs if the user writes only the object's name. */
  readonly commands?: readonly CommandEntry[];
  /** Definitions of the words in capitals, for the help text. */
  readonly grammar?: readonly string[];
  /** The options that only the commands of this object use, for the help text. */
  readonly options?: readonly string[];
  /** Returns the help text. This is a function, so that the texts are built only if they are shown. */
  readonly help?: () => HelpTexts;
  /** The rest of the command line of an object that has no commands. */
  readonly syntax?: readonly string[];
  /** Loads the code of an object that has no commands. */
  readonly run?: () => Promise<Run>;
  /** Loads the code of `batch`, which runs other commands. */
  readonly runLines?: () => Promise<RunLines>;
}

/** Returns the entry for which an alias stands; undefined if the entry is not an alias. */
export function entryBehind(alias: CommandEntry, commands: readonly CommandEntry[]): CommandEntry | undefined {
  return commands.find(({ name }) => name === alias.as);
}

/** Returns the function that loads an entry's code. An alias uses the code of the entry that it stands for. */
export function codeOf(entry: CommandEntry, commands: readonly CommandEntry[]): CommandEntry["run"] {
  return entry.run ?? entryBehind(entry, commands)?.run;
}

// Parts of usage texts that several objects share.

export const PROG = "PROG := { id PROG_ID | pinned FILE | tag PROG_TAG | name PROG_NAME }";
export const MAP = "MAP := { id MAP_ID | pinned FILE | name MAP_NAME }";
export const LINK = "LINK := { id LINK_ID | pinned FILE }";
export const BPFFS = "{-f|--bpffs}";
export const NOMOUNT = "{-n|--nomount}";
/** Options of listings. bpftool does not have these options. */
export const TABLE = "{--table} | {--columns NAMES} | {--sort NAME}";

/** The command `help`, which every object has. */
export const HELP: CommandEntry = { name: "help", syntax: [""], summary: "print this help" };
