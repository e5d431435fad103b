import { writeFileSync } from "node:fs";
import { Errno, errnoText } from "../../errors/index.ts";
import { readWholeFile } from "../../kernel/index.ts";
import { openProgram, type Program, type RunResult } from "../../program/index.ts";
import type { Run } from "../command/command.ts";
import { CommandError, exitCodeOf } from "../failure/command-error.ts";
import { failedTo } from "../failure/reason.ts";
import { takeProgram } from "../handle/program.ts";
import type { Answer } from "../output/answer.ts";
import { hexDump } from "../output/hex.ts";
import type { JsonValue } from "../output/json-writer.ts";
import { begins, parseU32, unexpectedWord, type Words } from "../words/words.ts";

/** The size of an output buffer if the user gives no size. bpftool has the same default. */
const DEFAULT_SIZE = 32 * 1024;
const STANDARD = "-";

/**
 * The packet or the context of a run: the file to read it from, the file to write it to, and the size of the output
 * buffer.
 */
interface Stream {
  in: string | undefined;
  out: string | undefined;
  size: number | undefined;
}

interface RunOptions {
  readonly data: Stream;
  readonly ctx: Stream;
  readonly repeat: number;
}

/** `bpfts prog run PROG data_in FILE [data_out FILE [data_size_out L]] [ctx_in …] [repeat N]`. */
export const runProgram: Run = (words) => {
  words.need(4);
  using fd = takeProgram(words);
  const run = takeOptions(words);
  using program = openProgram({ fd: fd.release() });
  const data = inputOf(run.data);
  const ctx = inputOf(run.ctx);
  const result = testRun(program, {
    dataIn: data,
    dataSizeOut: outputSize(run.data, data),
    ctxIn: ctx,
    ctxSizeOut: outputSize(run.ctx, ctx),
    repeat: run.repeat,
  });
  const shown = { data_out: outputOf(run.data, result.dataOut), ctx_out: outputOf(run.ctx, result.ctxOut) };
  return answer(result, shown, run.repeat > 1);
};

function takeOptions(words: Words): RunOptions {
  const data: Stream = { in: undefined, out: undefined, size: undefined };
  const ctx: Stream = { in: undefined, out: undefined, size: undefined };
  let repeat = 1;
  const keywords: Readonly<Record<string, () => void>> = {
    data_in: () => (data.in = words.take("a file")),
    data_out: () => (data.out = words.take("a file")),
    data_size_out: () => (data.size = parseU32(words.take("a number"), "output data size")),
    ctx_in: () => (ctx.in = words.take("a file")),
    ctx_out: () => (ctx.out = words.take("a file")),
    ctx_size_out: () => (ctx.size = parseU32(words.take("a number"), "output context size")),
    repeat: () => (repeat = parseU32(words.take("a number"), "repeat number")),
  };
  while (words.left > 0) {
    const word = words.peek ?? "";
    const fits = Object.hasOwn(keywords, word) ? [word] : Object.keys(keywords).filter((name) => begins(word, name));
    const [name, ...others] = fits;
    if (name === undefined) throw unexpectedWord(Object.keys(keywords), words, { mayEnd: true });
    if (others.length > 0) throw new CommandError(`ambiguous prefix: '${word}' could be '${fits.join("' or '")}'`);
    words.takeKeyword(name);
    keywords[name]?.();
    if (data.in === STANDARD && ctx.in === STANDARD) {
      throw new CommandError("cannot use standard input for both data_in and ctx_in");
    }
  }
  return { data, ctx, repeat };
}

function inputOf({ in: path }: Stream): Uint8Array | undefined {
  if (path === undefined) return undefined;
  try {
    return readWholeFile(path === STANDARD ? 0 : path);
  } catch (error) {
    throw failedTo(`failed to ${path === STANDARD ? "read standard input" : `open ${path}`}`, error);
  }
}

/** Returns the size of the output buffer. As in bpftool, a run without input has no output. */
function outputSize({ size }: Stream, input: Uint8Array | undefined): number | undefined {
  return input === undefined ? undefined : size || DEFAULT_SIZE;
}

function testRun(program: Program, options: Parameters<Program["run"]>[0] & object): RunResult {
  let result: RunResult;
  try {
    result = program.run(options);
  } catch (error) {
    throw failedTo("failed to run program", error, { errnoExit: true });
  }
  for (const [kind, size, room] of [
    ["data", result.dataSizeOut, options.dataSizeOut],
    ["context", result.ctxSizeOut, options.ctxSizeOut],
  ] as const) {
    if (room !== undefined && size > room) {
      throw new CommandError(
        `failed to run program: ${errnoText(Errno.ENOSPC)}: the output ${kind} has ${size} bytes, but the buffer for it has only ${room}`,
        { exitCode: exitCodeOf(Errno.ENOSPC) },
      );
    }
  }
  return result;
}

/** Writes the output to its file. If there is no file, returns the output for standard output. */
function outputOf({ out }: Stream, bytes: Uint8Array | undefined): Uint8Array | undefined {
  if (out === undefined || bytes === undefined || bytes.length === 0) return undefined;
  if (out === STANDARD) return bytes;
  try {
    writeFileSync(out, bytes);
  } catch (error) {
    throw failedTo(`failed to open ${out}`, error);
  }
  return undefined;
}

function answer(
  { retval, duration }: RunResult,
  shown: Readonly<Record<"data_out" | "ctx_out", Uint8Array | undefined>>,
  average: boolean,
): Answer {
  return {
    text: function* () {
      for (const bytes of [shown.data_out, shown.ctx_out]) if (bytes !== undefined) yield* hexDump(bytes);
      yield `Return value: ${retval}, duration${average ? " (average)" : ""}: ${duration}ns\n`;
    },
    json: () =>
      ({ data_out: shown.data_out, ctx_out: shown.ctx_out, retval, duration }) satisfies Record<
        string,
        JsonValue | undefined
      >,
  };
}
