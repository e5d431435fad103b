import { type CommandEntry, codeOf, type ObjectEntry, type Run } from "../command/command.ts";
import { helpRequest } from "../help/help-request.ts";
import type { Answer, LiveAnswer } from "../output/answer.ts";
import type { Options } from "../words/options.ts";
import { select, Words } from "../words/words.ts";
import { COMMANDS } from "./command-table.ts";

/** Finds the command for these words, loads its code and runs it. */
export async function dispatch(words: readonly string[], options: Options): Promise<Answer | LiveAnswer> {
  const request = helpRequest(words, options);
  if (request !== undefined) return (await import("../help/help-text.ts")).help(COMMANDS, request);
  const [objectWord, commandWord] = words;
  const object = objectWord === undefined ? (COMMANDS[0] as ObjectEntry) : select(COMMANDS, objectWord, "bpfts");
  const { commands } = object;
  if (object.name === "help") return (await import("../help/usage.ts")).usage(COMMANDS);
  if (object.runLines !== undefined) {
    const { reportFailure } = await import("./report-failure.ts");
    return (await object.runLines())(new Words(words, 1), options, {
      run: (line) => dispatch(line, options),
      reportFailure: (error, to) => reportFailure(error, options, to),
    });
  }
  if (commands === undefined) {
    if (object.run === undefined) throw withoutCode(object.name);
    return (await object.run())(new Words(words, 1), options, COMMANDS);
  }
  const command =
    commandWord === undefined ? (commands[0] as CommandEntry) : select(commands, commandWord, `bpfts ${object.name}`);
  if (command.name === "help") return (await import("../help/usage.ts")).objectUsage(object);
  const load = codeOf(command, commands);
  if (load === undefined) throw withoutCode(`${object.name} ${command.name}`);
  const run: Run = await load();
  return run(new Words(words, 2), options, COMMANDS);
}

function withoutCode(name: string): Error {
  return new Error(`the table of commands has no code for '${name}'`);
}
