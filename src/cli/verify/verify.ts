import { basename } from "node:path";
import { readWholeFile } from "../../kernel/index.ts";
import { readObject, verifyPrograms } from "../../load/index.ts";
import type { ObjectSpec } from "../../object/index.ts";
import { kernelRelease, withNodeError } from "../../sys/index.ts";
import type { Run } from "../command/command.ts";
import { CommandError } from "../failure/command-error.ts";
import { inStep } from "../failure/reason.ts";
import type { Answer } from "../output/answer.ts";
import type { JsonValue } from "../output/json-writer.ts";
import type { Options } from "../words/options.ts";
import { sectionKindNamed } from "../words/section-type.ts";
import { parseU32, type Words } from "../words/words.ts";
import { mergedTable, resultsTable } from "./render.ts";
import {
  type Comparison,
  earlierResults,
  type ProgramResult,
  parseResults,
  type Results,
  regressions,
  resultOf,
} from "./results.ts";

/** The exit code if a program is not accepted, or is worse than before. */
const EXIT_WORSE = 1;
const DEFAULT_GROWTH = 10;

/** `bpfts verify …`. */
export const verifyObjects: Run = (words, options) => (options.merge ? merge(words, options) : verify(words, options));

function verify(words: Words, options: Options): Answer {
  words.need(1);
  const files: string[] = [];
  let program: string | undefined;
  while (words.left > 0) {
    if (files.length > 0 && words.takeKeyword("program")) program = words.take("the name of a program");
    else files.push(words.take("an object file"));
  }
  const results: Results = {
    kernel: kernelRelease(),
    programs: files.flatMap((file) => verifyFile(file, program, options)),
  };
  if (results.programs.length === 0) throw new CommandError(`${files.join(", ")} has no programs`);
  const { baseline } = options;
  if (baseline === undefined) {
    const isBad = results.programs.some(({ verdict }) => verdict !== "accepted");
    return answer(results, undefined, options, isBad);
  }
  const growth = options.growth === undefined ? DEFAULT_GROWTH : parseU32(options.growth, "--growth");
  const earlier = earlierResults(results.programs, readBaseline(baseline, program, options));
  const found = regressions(results.programs, earlier, growth);
  return answer(results, { earlier, regressions: found }, options, found.length > 0);
}

function answer(results: Results, comparison: Comparison | undefined, options: Options, isWorse: boolean): Answer {
  return {
    text: () => resultsTable(results, comparison, options),
    json: () =>
      ({
        ...results,
        ...(comparison !== undefined && { regressions: comparison.regressions }),
      }) as unknown as JsonValue,
    exitCode: isWorse ? EXIT_WORSE : 0,
  };
}

function verifyFile(file: string, program: string | undefined, options: Options): ProgramResult[] {
  const spec = inStep("failed to open object file", () => readObject(file));
  for (const text of options.set) setVariable(spec, text);
  if (options.progType !== undefined) setTypes(spec, options.progType);
  const most = options.hot === undefined ? 0 : parseU32(options.hot, "--hot");
  const found = verifyPrograms(spec, { programs: program === undefined ? undefined : [program], hot: most > 0 });
  return found.map((one) => resultOf(basename(file), one, most));
}

/** Sets a global variable by `NAME=VALUE`. VALUE is a number, `true`, `false`, JSON, or else a text. */
function setVariable(spec: ObjectSpec, text: string): void {
  const equals = text.indexOf("=");
  if (equals < 1) throw new CommandError(`--set needs VAR=VALUE, for example --set debug=1, got: '${text}'`);
  const [name, value] = [text.slice(0, equals).trim(), text.slice(equals + 1).trim()];
  const variable = inStep(`--set ${name}`, () => spec.variable(name));
  inStep(`--set ${name}`, () => {
    variable.value = variableValue(value);
  });
}

function variableValue(text: string): unknown {
  if (/^-?(?:0x[0-9a-f]+|\d+)$/i.test(text)) {
    const number = text.startsWith("-") ? -BigInt(text.slice(1)) : BigInt(text);
    return number >= Number.MIN_SAFE_INTEGER && number <= Number.MAX_SAFE_INTEGER ? Number(number) : number;
  }
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function setTypes(spec: ObjectSpec, name: string): void {
  const kind = sectionKindNamed(name);
  for (const program of new Set(Object.values(spec.programs))) {
    program.type = kind.type;
    program.attachType = kind.attachType;
  }
}

/** Reads earlier results from JSON, or verifies the object file in the baseline. */
function readBaseline(file: string, program: string | undefined, options: Options): readonly ProgramResult[] {
  const text = withNodeError(file, () => readWholeFile(file));
  const isObject = text.subarray(0, 4).toString("latin1") === "\u007fELF";
  if (isObject) return verifyFile(file, program, options);
  const { programs } = parseResults(text.toString(), file);
  return program === undefined ? programs : programs.filter((one) => one.program === program);
}

function merge(words: Words, options: Options): Answer {
  words.need(1);
  const all: Results[] = [];
  while (words.left > 0) {
    const file = words.take("a file of results");
    all.push(parseResults(withNodeError(file, () => readWholeFile(file)).toString(), file));
  }
  return { text: () => mergedTable(all, options), json: () => all as unknown as JsonValue };
}
