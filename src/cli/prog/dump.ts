import { writeFileSync } from "node:fs";
import {
  type Disassembler,
  jitedJson,
  jitedLines,
  jitedRecords,
  type ListingOptions,
  xlatedJson,
  xlatedLines,
  xlatedRecords,
} from "../../asm/index.ts";
import { describePrograms, type ProgramDescription } from "../../inventory/index.ts";
import {
  type JitedProgram,
  jitedProgram,
  type LoadedInstructions,
  loadedInstructions,
  openDisassembler,
} from "../../program/index.ts";
import type { OwnedFd } from "../../sys/index.ts";
import type { Run } from "../command/command.ts";
import { CommandError } from "../failure/command-error.ts";
import { failedTo } from "../failure/reason.ts";
import { loadedBtf, takePrograms } from "../handle/program.ts";
import { type Answer, done } from "../output/answer.ts";
import type { JsonValue } from "../output/json-writer.ts";
import { escapeLine } from "../output/terminal-text.ts";
import { unexpectedWord, type Words } from "../words/words.ts";
import { headerJson, headerText } from "./render.ts";

/** `bpfts prog dump { xlated | jited } PROG [{ file FILE | [opcodes] [linum] [visual] }]`. */
export const dumpPrograms: Run = async (words, options) => {
  const kind = takeKind(words);
  const programs = takePrograms(words);
  try {
    const form = takeOptions(words, programs.length > 1);
    if (options.json && form.visual) throw new CommandError("'visual' is not compatible with JSON output");
    const [first] = programs;
    if (kind === "jited") {
      if (form.visual) throw new CommandError("'visual' is for 'dump xlated' only");
      if (form.file !== undefined) return writeTo(form.file, machineCode(first as OwnedFd).code);
      const disassemble = await openDisassembler();
      return listing(programs, (fd) => jitedListing(machineCode(fd), disassemble, form));
    }
    if (form.file !== undefined) return writeTo(form.file, instructionsOf(first as OwnedFd).program.instructions);
    if (form.visual) return await drawGraph(first as OwnedFd, form);
    return listing(programs, (fd) => xlatedListing(instructionsOf(fd), form));
  } finally {
    for (const fd of programs) fd.close();
  }
};

function takeKind(words: Words): "xlated" | "jited" {
  if (words.takeKeyword("xlated")) return "xlated";
  if (words.takeKeyword("jited")) return "jited";
  throw new CommandError(`expected 'xlated' or 'jited', got: ${words.peek ?? "nothing"}`, {
    typo: { word: words.peek ?? "", names: ["xlated", "jited"] },
  });
}

interface DumpOptions extends ListingOptions {
  readonly file: string | undefined;
  readonly visual: boolean;
}

function takeOptions(words: Words, several: boolean): DumpOptions {
  const form = { file: undefined as string | undefined, opcodes: false, linum: false, visual: false };
  while (words.left > 0) {
    if (words.takeKeyword("file")) {
      if (words.left === 0) throw new CommandError("expected file path");
      form.file = words.take("a path");
      if (several) throw new CommandError("several programs matched: 'file' takes a single one");
    } else if (words.takeKeyword("opcodes")) form.opcodes = true;
    else if (words.takeKeyword("visual")) {
      form.visual = true;
      if (several) throw new CommandError("several programs matched: 'visual' takes a single one");
    } else if (words.takeKeyword("linum")) form.linum = true;
    else throw unexpectedWord(["file", "opcodes", "visual", "linum"], words);
  }
  if (form.file !== undefined && (form.opcodes || form.visual || form.linum)) {
    throw new CommandError("'file' is not compatible with 'opcodes', 'visual', or 'linum'");
  }
  return form;
}

function instructionsOf(fd: OwnedFd): LoadedInstructions {
  const loaded = askKernel(() => loadedInstructions(fd.number, loadedBtf));
  if (loaded !== undefined) return loaded;
  throw new CommandError("error retrieving insn dump: kernel.kptr_restrict set?");
}

function machineCode(fd: OwnedFd): JitedProgram {
  const loaded = askKernel(() => jitedProgram(fd.number, loadedBtf));
  if (loaded !== undefined) return loaded;
  throw new CommandError("error retrieving jit dump: no instructions returned or kernel.kptr_restrict set?");
}

function askKernel<T>(ask: () => T): T {
  try {
    return ask();
  } catch (error) {
    throw failedTo("can't get prog info", error);
  }
}

function writeTo(path: string, bytes: Uint8Array): Answer {
  try {
    writeFileSync(path, bytes, { mode: 0o600 });
  } catch (error) {
    throw failedTo(`can't open file ${path}`, error);
  }
  return done;
}

async function drawGraph(fd: OwnedFd, form: DumpOptions): Promise<Answer> {
  const { graphText } = await import("./graph.ts");
  const text = graphText(instructionsOf(fd), form);
  return { text: () => [text], json: () => null };
}

/** A program's listing, which can be shown as text or as JSON. */
interface Listing {
  text(): Iterable<string>;
  json(): JsonValue;
}

/**
 * Joins lines to a text. Escapes control characters in names and source lines except tabs, so that each line stays one
 * line.
 */
function linesText(lines: readonly string[]): string {
  let text = "";
  for (const line of lines) text += `${escapeLine(line)}\n`;
  return text;
}

function xlatedListing({ program, names }: LoadedInstructions, form: DumpOptions): Listing {
  const records = [...xlatedRecords(program, names)];
  return {
    text: function* () {
      for (const record of records) yield linesText(xlatedLines(record, form));
    },
    json: () => records.map((record) => xlatedJson(record, form) as unknown as JsonValue),
  };
}

function jitedListing({ functions }: JitedProgram, disassemble: Disassembler, form: DumpOptions): Listing {
  return {
    text: function* () {
      for (const fn of functions) {
        yield linesText([...(fn.proto === undefined ? [] : [`${fn.proto}:`]), `${fn.name}:`]);
        for (const record of jitedRecords(fn, disassemble)) yield linesText(jitedLines(record, form));
        yield "\n";
      }
    },
    json: () =>
      functions.map((fn) => ({
        proto: fn.proto,
        name: fn.name,
        insns: Array.from(jitedRecords(fn, disassemble), (record) => jitedJson(record, form) as unknown as JsonValue),
      })),
  };
}

/** Returns the listing of one program without a header, or the listings of several programs, each with a header. */
function listing(programs: readonly OwnedFd[], list: (fd: OwnedFd) => Listing): Answer {
  const dumps = programs.map(list);
  const [only] = dumps;
  if (only !== undefined && dumps.length === 1) return only;
  const headers = [...describePrograms({ fds: programs.map((fd) => fd.number) })];
  return {
    text: function* () {
      for (const [i, { text }] of dumps.entries()) {
        yield `${i > 0 ? "\n" : ""}${headerText(headers[i] as ProgramDescription)}`;
        yield* text();
      }
    },
    json: () => dumps.map(({ json }, i) => ({ ...headerJson(headers[i] as ProgramDescription), insns: json() })),
  };
}
