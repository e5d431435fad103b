import { traceLog } from "../../events/index.ts";
import { openProgram, type StreamName } from "../../program/index.ts";
import { ensureTracefs, tracefsMount } from "../../sys/index.ts";
import type { Run } from "../command/command.ts";
import { CommandError } from "../failure/command-error.ts";
import { failedTo } from "../failure/reason.ts";
import { takeProgram } from "../handle/program.ts";
import type { Answer, LiveAnswer } from "../output/answer.ts";
import { formatJson } from "../output/json-writer.ts";
import { writeText } from "../output/write.ts";
import type { Options } from "../words/options.ts";
import type { Words } from "../words/words.ts";

/** `bpfts prog tracelog`, and `bpfts prog tracelog { stdout | stderr } PROG`. */
export const traceLogOf: Run = (words, options) => {
  if (words.left > 0) return streamOf(words);
  prepareTracefs(options);
  return options.json ? jsonLines(options.pretty) : plainLines();
};

function prepareTracefs(options: Options): void {
  if (tracefsMount() !== undefined) return;
  if (options.nomount) throw new CommandError("no tracefs found, not mounting it due to --nomount option");
  if (!options.json) writeText(2, "could not find tracefs, attempting to mount it now\n");
  try {
    ensureTracefs();
  } catch (error) {
    throw failedTo("can't mount tracefs", error);
  }
}

function plainLines(): LiveAnswer {
  return {
    async live(write, signal) {
      for await (const line of traceLog({ signal })) write(line);
    },
  };
}

/** One array, whose elements are written as they come. */
function jsonLines(pretty: boolean): LiveAnswer {
  return {
    async live(write, signal) {
      let before = "[";
      try {
        for await (const line of traceLog({ signal })) {
          write(`${before}${formatJson(line)}`);
          before = ",";
        }
      } finally {
        write(before === "[" ? "[]\n" : `${pretty ? "\n" : ""}]\n`);
      }
    },
  };
}

function streamOf(words: Words): Answer {
  const name = takeStream(words);
  words.need(2);
  using fd = takeProgram(words);
  words.end();
  using program = openProgram({ fd: fd.release() });
  let text: string;
  try {
    text = program.stream(name);
  } catch (error) {
    throw failedTo(`can't read the ${name} of the program`, error);
  }
  return { text: () => [text], json: () => text, textTo: name };
}

function takeStream(words: Words): StreamName {
  if (words.takeKeyword("stdout")) return "stdout";
  if (words.takeKeyword("stderr")) return "stderr";
  throw new CommandError(`expected no more arguments, 'stdout' or 'stderr', got: '${words.peek}'?`);
}
