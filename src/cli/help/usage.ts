import type { CommandEntry, ObjectEntry } from "../command/command.ts";
import type { Answer } from "../output/answer.ts";
import { generalSections } from "./help-text.ts";

const INDENT = "       ";
const OPTIONS = "OPTIONS := { {-j|--json} [{-p|--pretty}] | {-d|--debug}";

function usageAnswer(lines: readonly string[]): Answer {
  return { text: () => [`${lines.join("\n")}\n`], json: () => null, textTo: "stderr" };
}

/** `bpfts help`: bpftool's usage text, and a description of each object and option. */
export function usage(table: readonly ObjectEntry[]): Answer {
  const here = table.filter(({ commands }) => commands?.some(({ run }) => run));
  return usageAnswer([
    "Usage: bpfts [OPTIONS] OBJECT { COMMAND | help }",
    `${INDENT}bpfts batch file FILE`,
    `${INDENT}bpfts version`,
    "",
    `${INDENT}OBJECT := { ${here.map(({ name }) => name).join(" | ")} }`,
    `${INDENT}${OPTIONS} |`,
    `${INDENT}             {-V|--version} }`,
    ...generalSections(table),
    "",
    "'bpfts OBJECT --help' explains the commands of an object, with examples.",
  ]);
}

/** `bpfts OBJECT help`, as bpftool prints it. */
export function objectUsage(object: ObjectEntry): Answer {
  const commands = object.commands ?? [];
  const lines = commands
    .filter((entry) => entry.syntax !== undefined && entry.hidden !== true)
    .map((entry) => usageLines(object.name, entry, commands).join("\n"));
  const options =
    object.options === undefined ? [" }"] : [" |", `${INDENT}             ${object.options.join(" | ")} }`];
  return usageAnswer([
    lines.map((text, i) => `${i === 0 ? "Usage: " : INDENT}${text}`).join("\n"),
    "",
    ...(object.grammar ?? []).map((line) => INDENT + line),
    ...`${OPTIONS}${options.join("\n")}`.split("\n").map((line, i) => (i === 0 ? INDENT + line : line)),
  ]);
}

function usageLines(object: string, entry: CommandEntry, commands: readonly CommandEntry[]): string[] {
  const names = [entry.name, ...commands.filter(({ as }) => as === entry.name).map(({ name }) => name)];
  const words = names.length === 1 ? entry.name : `{ ${names.join(" | ")} }`;
  const [first = "", ...more] = entry.syntax ?? [];
  const head = `bpfts ${object} ${words}`;
  // An indented line continues the line above it. Any other line is another form of the command.
  const rest = more.map((line) => INDENT + (line.startsWith(" ") ? line : `${head} ${line}`));
  return [`${head} ${first}`.trimEnd(), ...rest];
}
