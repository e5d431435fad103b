import { writeFileSync } from "node:fs";
import {
  type ListingOptions,
  type XlatedRecord,
  xlatedJson,
  xlatedLines,
  xlatedNames,
  xlatedRecords,
} from "../../asm/index.ts";
import type { OwnedFd } from "../../sys/index.ts";
import { type Answer, done } from "../answer.ts";
import type { Run } from "../command.ts";
import { CommandError } from "../command-error.ts";
import { takePrograms } from "../handle/program.ts";
import type { JsonValue } from "../json-writer.ts";
import { failedTo } from "../reason.ts";
import type { Words } from "../words.ts";
import { programHeader } from "./gather.ts";
import type { ProgramHeader } from "./record.ts";
import { headerJson, headerText } from "./render.ts";
import { loadedInstructions } from "./xlated-program.ts";

/** `bpfts prog dump xlated PROG [{ file FILE | [opcodes] [linum] [visual] }]`. */
export const dumpPrograms: Run = async (words, options) => {
  if (words.takeKeyword("jited")) throw new CommandError("bpfts does not have 'prog dump jited' yet; bpftool has it");
  if (!words.takeKeyword("xlated")) {
    const got = words.peek === undefined ? "nothing" : `'${words.peek}'`;
    throw new CommandError(`expected 'xlated' or 'jited', got: ${got}`);
  }
  const programs = takePrograms(words);
  try {
    const how = takeHow(words, programs.length > 1);
    if (options.json && how.visual) throw new CommandError("'visual' is not compatible with JSON output");
    if (how.file !== undefined) return writeInstructions(programs[0] as OwnedFd, how.file);
    if (how.visual) return await drawGraph(programs[0] as OwnedFd, how);
    return listing(programs, how);
  } finally {
    for (const fd of programs) fd.close();
  }
};

interface How extends ListingOptions {
  readonly file: string | undefined;
  readonly visual: boolean;
}

function takeHow(words: Words, several: boolean): How {
  const how = { file: undefined as string | undefined, opcodes: false, linum: false, visual: false };
  while (words.left > 0) {
    if (words.takeKeyword("file")) {
      how.file = words.take("a path");
      if (several) throw new CommandError("several programs matched: 'file' takes a single one");
    } else if (words.takeKeyword("opcodes")) how.opcodes = true;
    else if (words.takeKeyword("visual")) {
      how.visual = true;
      if (several) throw new CommandError("several programs matched: 'visual' takes a single one");
    } else if (words.takeKeyword("linum")) how.linum = true;
    else throw new CommandError(`expected 'file', 'opcodes', 'visual' or 'linum', got: '${words.peek}'`);
  }
  if (how.file !== undefined && (how.opcodes || how.visual || how.linum)) {
    throw new CommandError("'file' is not compatible with 'opcodes', 'visual', or 'linum'");
  }
  return how;
}

function writeInstructions(fd: OwnedFd, path: string): Answer {
  const { program } = loadedInstructions(fd.number);
  try {
    writeFileSync(path, program.instructions, { mode: 0o600 });
  } catch (error) {
    throw failedTo(`can't open file ${path}`, error);
  }
  return done;
}

async function drawGraph(fd: OwnedFd, how: How): Promise<Answer> {
  const { graphText } = await import("./graph.ts");
  const loaded = loadedInstructions(fd.number);
  const text = graphText(loaded, xlatedNames(loaded.jitedKsyms, loaded.symbols), how);
  return { text: () => [text], json: () => null };
}

function listing(programs: readonly OwnedFd[], how: How): Answer {
  const dumps = programs.map((fd) => {
    const { info, program, jitedKsyms, symbols } = loadedInstructions(fd.number);
    return {
      header: programHeader(info, fd.number),
      records: [...xlatedRecords(program, xlatedNames(jitedKsyms, symbols))],
    };
  });
  const [first] = dumps;
  return {
    text: () => dumpText(dumps, how),
    json: () =>
      dumps.length === 1 && first !== undefined
        ? recordsJson(first.records, how)
        : dumps.map(({ header, records }) => ({ ...headerJson(header), insns: recordsJson(records, how) })),
  };
}

function* dumpText(
  dumps: readonly { header: ProgramHeader; records: readonly XlatedRecord[] }[],
  how: How,
): Generator<string> {
  for (const [i, { header, records }] of dumps.entries()) {
    if (dumps.length > 1) yield `${i > 0 ? "\n" : ""}${headerText(header)}`;
    for (const record of records) yield `${xlatedLines(record, how).join("\n")}\n`;
  }
}

function recordsJson(records: readonly XlatedRecord[], how: How): JsonValue {
  return records.map((record) => xlatedJson(record, how) as unknown as JsonValue);
}
