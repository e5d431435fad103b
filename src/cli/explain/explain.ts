import { type ErrnoExplanation, explainErrno, explainLog, formatPage, kindOfCode } from "../../explain/index.ts";
import { readWholeFile } from "../../kernel/index.ts";
import { readObject } from "../../load/index.ts";
import { withNodeError } from "../../sys/index.ts";
import type { Run } from "../command/command.ts";
import { CommandError } from "../failure/command-error.ts";
import { inStep } from "../failure/reason.ts";
import type { Answer } from "../output/answer.ts";
import { diagnosisJson, diagnosisText } from "../output/diagnosis.ts";
import type { JsonValue } from "../output/json-writer.ts";
import { escapeText } from "../output/terminal-text.ts";
import type { Words } from "../words/words.ts";

/** `bpfts explain …`. */
export const explainWords: Run = (words) => {
  if (words.peek === "errno") return explainCall(words);
  const kind = words.peek === undefined ? undefined : kindOfCode(words.peek);
  if (kind !== undefined) {
    words.take("a code");
    words.end();
    return { text: () => [formatPage(kind)], json: () => ({ code: kind.code, page: formatPage(kind) }) };
  }
  return explainFile(words);
};

function explainFile(words: Words): Answer {
  const file = words.peek === undefined || isKeyword(words.peek) ? "-" : words.take("a file");
  if (/^(BPF-)?E\d{4}$/i.test(file)) throw new CommandError(`bpfts has no code ${file}; see docs/errors`);
  let [object, program]: (string | undefined)[] = [];
  while (words.left > 0) {
    if (words.takeKeyword("object")) object = words.take("an object file");
    else if (words.takeKeyword("program")) program = words.take("the name of a program");
    else throw new CommandError(`expected 'object' or 'program', got: '${words.peek}'?`);
  }
  const spec = object === undefined ? undefined : inStep("failed to open object file", () => readObject(object));
  if (spec !== undefined && program !== undefined) spec.program(program);
  const where = file === "-" ? "standard input" : file;
  const text = withNodeError(where, () => readWholeFile(file === "-" ? 0 : file).toString());
  const diagnoses = explainLog(text, { object: spec, program });
  if (diagnoses.length === 0) {
    throw new CommandError(`${where} has no verifier log with a refusal; give the whole output of the failed load`);
  }
  return {
    text: () => [diagnoses.map((diagnosis) => diagnosisText(diagnosis, process.stdout)).join("\n")],
    json: () => diagnoses.map(diagnosisJson),
  };
}

function isKeyword(word: string): boolean {
  return word === "object" || word === "program";
}

function explainCall(words: Words): Answer {
  words.take("errno");
  const call = words.take("a command of bpf(2), for example BPF_MAP_CREATE");
  const errno = words.take("an errno, for example EINVAL");
  words.end();
  const found = explainErrno(call, errno);
  if (found === undefined) {
    throw new CommandError(
      `'${call}' is no command of bpf(2), or '${errno}' is no errno; try: bpfts explain errno map_create EINVAL`,
    );
  }
  return { text: () => [escapeText(errnoText(found))], json: () => ({ ...found }) as unknown as JsonValue };
}

function errnoText({ call, errno, name, text, causes, isSpecific }: ErrnoExplanation): string {
  const lines = causes.map((cause) => `  - ${cause}`);
  if (lines.length === 0) lines.push("  bpfts knows no cause of this errno.");
  else if (!isSpecific) lines.unshift(`  What ${name} means for bpf(2) in general:`);
  return `${call}: ${name} (${errno}, ${text})\n${lines.join("\n")}\n`;
}
