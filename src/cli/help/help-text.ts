import type { ObjectEntry } from "../command/command.ts";
import type { Answer } from "../output/answer.ts";
import { select } from "../words/words.ts";
import type { HelpRequest } from "./help-request.ts";
import { hanging, sentence, twoColumns, wrap } from "./layout.ts";
import { generalPage, type ManualPage, manualText, objectPage, objectsWithPage } from "./manual.ts";
import {
  type CommandTopic,
  commandTopic,
  type ObjectTopic,
  objectTopic,
  optionPairs,
  optionsOf,
  type Pair,
} from "./topic.ts";

/** Returns the answer that prints help. As in bpftool, the output with -j is `null`. */
export function helpAnswer(lines: readonly string[]): Answer {
  return { text: () => [`${lines.join("\n")}\n`], json: () => null };
}

/** Returns the help that the user asked for. */
export function help(table: readonly ObjectEntry[], request: HelpRequest): Answer {
  const { object, command } = request;
  if (request.man) return helpAnswer(manualText(pageOf(table, object)));
  if (object === undefined) return helpAnswer(generalHelp(table));
  const entry = select(table, object, "bpfts");
  if (entry.name === "help") return helpAnswer(generalHelp(table));
  if (command === undefined || entry.commands === undefined) return helpAnswer(objectHelp(objectTopic(entry)));
  const chosen = select(entry.commands, command, `bpfts ${entry.name}`);
  return helpAnswer(chosen.name === "help" ? objectHelp(objectTopic(entry)) : commandHelp(commandTopic(entry, chosen)));
}

function pageOf(table: readonly ObjectEntry[], object: string | undefined): ManualPage {
  return object === undefined ? generalPage(table) : objectPage(select(objectsWithPage(table), object, "bpfts"), table);
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ["", `${title}:`, ...lines];
}

/** `bpfts --help`. */
export function generalHelp(table: readonly ObjectEntry[]): string[] {
  return [
    "bpfts shows and changes the eBPF programs, maps and links of this machine, in bpftool's words.",
    ...section(
      "Examples",
      twoColumns([
        ["bpfts prog show", "the loaded programs"],
        ["bpfts map dump id 7", "the elements of a map"],
        ["bpfts -p link show", "the links, as JSON"],
        ["bpfts prog load --help", "how to load an object file"],
      ]),
    ),
    ...section("Usage", ["  bpfts [OPTIONS] OBJECT { COMMAND | help }"]),
    ...generalSections(table),
    "",
    "'bpfts OBJECT --help' explains the commands of an object, 'bpfts OBJECT COMMAND --help' one command.",
  ];
}

/** The sections about objects and options, for `bpfts --help` and for the manual page bpfts(1). */
export function generalSections(table: readonly ObjectEntry[]): string[] {
  const objects = table.filter(({ name }) => name !== "help");
  return [
    ...section("Objects", twoColumns(objects.map(({ name, summary }) => [name, sentence(summary)]))),
    ...section("Options", twoColumns(optionPairs(optionsOf(undefined)))),
  ];
}

function objectHelp({ name, summary, commands, options, notes }: ObjectTopic): string[] {
  if (commands.length === 1 && commands[0]?.name === name) return commandHelp(commands[0]);
  return [
    `bpfts ${name}: ${summary}`,
    ...section("Examples", commands.flatMap(({ examples }) => examples.slice(0, 1)).flatMap(exampleLines)),
    ...section("Usage", [`  bpfts [OPTIONS] ${name} { COMMAND | help }`]),
    ...section("Commands", twoColumns(commands.map((one) => [one.name.slice(name.length + 1), one.summary]))),
    ...section("Options", twoColumns(options)),
    ...notes.flatMap((note) => ["", ...wrap(note, 0)]),
    "",
    `'bpfts ${name} COMMAND --help' explains one command. 'bpfts ${name} help' prints the whole syntax.`,
  ];
}

function commandHelp({ name, summary, examples, syntax, words, definitions, notes }: CommandTopic): string[] {
  return [
    `bpfts ${name}: ${summary}`,
    ...section("Examples", examples.flatMap(exampleLines)),
    ...section(
      "Usage",
      syntax.flatMap((form) => hanging(form, 2)),
    ),
    ...section("Words", [
      ...twoColumns(words),
      ...definitions.flatMap(([word, text]) => hanging(`${word} := ${text}`, 2)),
    ]),
    ...notes.flatMap((note) => ["", ...wrap(note, 0)]),
  ];
}

function exampleLines([line, meaning]: Pair): string[] {
  return [`  ${line}`, ...wrap(sentence(meaning), 6)];
}
