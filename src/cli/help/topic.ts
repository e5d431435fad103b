import { type CommandEntry, codeOf, entryBehind, type ObjectEntry } from "../command/command.ts";
import { type Definitions, joinForms, parseSyntax, readDefinitions, type Syntax } from "../command/grammar.ts";
import { OPTIONS, type OptionEntry } from "../words/options.ts";
import { sentence } from "./layout.ts";
import { SHARED_WORDS } from "./shared-words.ts";

export type Pair = readonly [first: string, second: string];

/** The help about one command. Help texts and manual pages are both made from it. */
export interface CommandTopic {
  /** The command's full name, such as `prog load`. */
  readonly name: string;
  readonly summary: string;
  readonly examples: readonly Pair[];
  /** The forms of the command, one element for each. */
  readonly syntax: readonly string[];
  readonly words: readonly Pair[];
  /** Definitions that the syntax uses, such as `PROG := …`. */
  readonly definitions: readonly Pair[];
  readonly notes: readonly string[];
}

/** The help about one object. */
export interface ObjectTopic {
  readonly name: string;
  readonly summary: string;
  readonly notes: readonly string[];
  readonly commands: readonly CommandTopic[];
  readonly options: readonly Pair[];
}

/**
 * Returns the entry that has the texts of a command. For an alias without texts, this is the entry of the command for
 * which the alias stands.
 */
function entryOf(object: ObjectEntry, command: CommandEntry): CommandEntry {
  if (command.syntax !== undefined) return command;
  return entryBehind(command, object.commands ?? []) ?? command;
}

export function commandTopic(object: ObjectEntry, command: CommandEntry): CommandTopic {
  const entry = entryOf(object, command);
  const definitions = readDefinitions(object.grammar ?? []);
  const forms = joinForms(entry.syntax ?? [""]);
  const texts = entry.help?.();
  const names = [entry, ...(object.commands ?? []).filter(({ as }) => as === entry.name)].map(({ name }) => name);
  const used = usedWords(forms, definitions);
  const own = texts?.words ?? {};
  const words = [...new Set([...used.values, ...Object.keys(own)])].map((name): Pair => {
    return [name, own[name] ?? SHARED_WORDS[name] ?? ""];
  });
  return {
    name: `${object.name} ${names.join("|")}`,
    summary: sentence(entry.summary ?? `${entry.name} is not in bpfts yet; bpftool has it`),
    examples: texts?.examples ?? [],
    syntax: forms.map((form) => `bpfts ${object.name} ${command.name} ${form}`.trimEnd()),
    words: words.filter(([, meaning]) => meaning !== ""),
    definitions: [...used.definitions].map((name): Pair => [name, definitionText(definitions.get(name) ?? "")]),
    notes: texts?.notes ?? [],
  };
}

export function objectTopic(object: ObjectEntry): ObjectTopic {
  const { commands = [] } = object;
  const shown = commands.filter(
    (entry) => entry.as === undefined && entry.hidden !== true && codeOf(entry, commands) !== undefined,
  );
  return {
    name: object.name,
    summary: sentence(object.summary),
    notes: object.help?.().notes ?? [],
    commands: object.commands === undefined ? [wholeTopic(object)] : shown.map((entry) => commandTopic(object, entry)),
    options: optionPairs(optionsOf(object)),
  };
}

/** Returns the help about an object without commands, such as `version`. Such an object is itself a command. */
function wholeTopic(object: ObjectEntry): CommandTopic {
  const texts = object.help?.();
  return {
    name: object.name,
    summary: sentence(object.summary),
    examples: texts?.examples ?? [],
    syntax: [`bpfts ${object.name} ${joinForms(object.syntax ?? [""]).join(" ")}`.trimEnd()],
    words: Object.entries(texts?.words ?? {}),
    definitions: [],
    notes: texts?.notes ?? [],
  };
}

/** The keys of the options that every command accepts. */
const GENERAL: ReadonlySet<string> = new Set(["json", "pretty", "debug", "version", "help", "man", "legacy"]);

/** Returns the options of an object: the options in its usage text, and the options that every command takes. */
export function optionsOf(object: ObjectEntry | undefined): OptionEntry[] {
  const named = object?.options?.join(" ") ?? "";
  return OPTIONS.filter(({ letter, long, key }) => {
    if (object === undefined || GENERAL.has(key)) return true;
    const words = named.split(/[^-\w]+/);
    return words.includes(`-${letter}`) || words.includes(`--${long}`);
  });
}

export function optionPairs(options: readonly OptionEntry[]): Pair[] {
  return options.map((option) => {
    const value = option.value === undefined ? "" : ` ${option.value}`;
    return [`${optionNames(option).join(", ")}${value}`, option.meaning];
  });
}

/** Returns the forms in which users can write an option: `-j` and `--json`. */
export function optionNames({ letter, long }: OptionEntry): string[] {
  return [...(letter === undefined ? [] : [`-${letter}`]), ...(long === undefined ? [] : [`--${long}`])];
}

/** Returns the values and the definitions that appear in the forms of a command. */
export function usedWords(
  forms: readonly string[],
  definitions: Definitions,
): { readonly values: ReadonlySet<string>; readonly definitions: ReadonlySet<string> } {
  const values = new Set<string>();
  const used = new Set<string>();
  const collect = (part: Syntax): void => {
    if (part.kind === "value") {
      if (part.within === undefined) values.add(part.name);
    } else if (part.kind === "sequence" || part.kind === "choice") part.parts.forEach(collect);
    else if (part.kind === "optional" || part.kind === "repeated") collect(part.part);
  };
  const addDefinitions = (text: string): void => {
    for (const word of text.match(/[A-Z_]+/g) ?? []) {
      const definition = definitions.get(word);
      if (definition === undefined || used.has(word)) continue;
      used.add(word);
      addDefinitions(definition);
    }
  };
  for (const form of forms) {
    collect(parseSyntax(form, definitions));
    addDefinitions(form);
  }
  return { values, definitions: used };
}

function definitionText(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}
