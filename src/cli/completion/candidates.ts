import { type CommandEntry, entryBehind, type ObjectEntry } from "../command/command.ts";
import { joinForms, nextWords, parseSyntax, readDefinitions } from "../command/grammar.ts";
import { optionNames, optionsOf } from "../help/topic.ts";
import { OPTIONS, type OptionEntry } from "../words/options.ts";
import { begins, select } from "../words/words.ts";

/** A word that the shell offers. */
export interface Candidate {
  readonly word: string;
  /** A text that explains the word. For the id of a program, this is the program's name. */
  readonly note?: string | undefined;
}

/** A place for a value on the command line. */
export interface ValuePlace {
  /** The name of the value in the usage text or in the table of options, such as `PID`. */
  readonly name: string;
  /** The definition around the value, such as `PROG`, or the option's long name. */
  readonly within: string | undefined;
  /** The word before this place on the command line. */
  readonly after: string;
}

/** Finds the values that fit a place and begin with `typed`. */
export type FindValues = (place: ValuePlace, typed: string) => Iterable<Candidate>;

/**
 * Returns the words that can complete a command line. `before` contains the complete words after `bpfts`; `typed` is
 * the beginning of the word to complete.
 */
export function candidates(
  table: readonly ObjectEntry[],
  before: readonly string[],
  typed: string,
  findValues: FindValues,
): Candidate[] {
  const { words, open } = withoutOptions(before);
  if (open !== undefined) {
    const place = { name: open.value ?? "", within: open.long, after: before.at(-1) ?? "" };
    return matching(findValues(place, typed), typed);
  }
  const object = selected(table, words[0]);
  if (typed.startsWith("-")) return matching(optionCandidates(object), typed);
  if (words.length === 0) return matching(entryCandidates(table), typed);
  if (object === undefined) return [];
  if (object.name === "help") {
    const about = selected(table, words[1]);
    if (words.length === 1) return matching(entryCandidates(table), typed);
    return words.length === 2 ? matching(entryCandidates(about?.commands ?? []), typed) : [];
  }
  const { commands = [] } = object;
  if (words.length === 1 && commands.length > 0) return matching(entryCandidates(commands), typed);
  const command = selected(commands, words[1]);
  const lines = command === undefined ? object.syntax : syntaxOf(command, commands);
  const rest = words.slice(command === undefined ? 1 : 2);
  const definitions = readDefinitions(object.grammar ?? []);
  const found = new Map<string, Candidate>();
  for (const form of joinForms(lines ?? [])) {
    const next = nextWords(parseSyntax(form, definitions), rest);
    const values = next.values.flatMap(({ name, within }) => [
      ...findValues({ name, within, after: words.at(-1) ?? "" }, typed),
    ]);
    const keywords = [...next.keywords].map((word) => ({ word }));
    for (const one of [...keywords, ...values]) if (!found.has(one.word)) found.set(one.word, one);
  }
  return matching(found.values(), typed);
}

function syntaxOf(command: CommandEntry, commands: readonly CommandEntry[]): readonly string[] | undefined {
  return command.syntax ?? entryBehind(command, commands)?.syntax;
}

/**
 * Removes options and their values from the words. If the last word is an option that takes a value, `open` is this
 * option.
 */
function withoutOptions(before: readonly string[]): { readonly words: string[]; readonly open?: OptionEntry } {
  const words: string[] = [];
  for (let i = 0; i < before.length; i++) {
    const word = before[i] as string;
    if (!word.startsWith("-") || word === "-") {
      words.push(word);
      continue;
    }
    const option = word.startsWith("--")
      ? OPTIONS.find(({ long }) => long === word.slice(2))
      : OPTIONS.find(({ letter }) => letter === word.at(-1));
    if (option?.value === undefined) continue;
    if (i === before.length - 1) return { words, open: option };
    i++;
  }
  return { words };
}

function selected<T extends { readonly name: string }>(table: readonly T[], word: string | undefined): T | undefined {
  if (word === undefined) return undefined;
  try {
    return select(table, word, "");
  } catch {
    return undefined;
  }
}

function entryCandidates(entries: readonly (CommandEntry & { readonly summary?: string })[]): Candidate[] {
  return entries
    .filter((entry) => entry.hidden !== true)
    .map((entry) => ({
      word: entry.name,
      note: entry.summary ?? entryBehind(entry, entries)?.summary,
    }));
}

function optionCandidates(object: ObjectEntry | undefined): Candidate[] {
  return optionsOf(object).flatMap((option) => optionNames(option).map((word) => ({ word, note: option.meaning })));
}

function matching(found: Iterable<Candidate>, typed: string): Candidate[] {
  return [...found].filter(({ word }) => typed === "" || begins(typed, word));
}
