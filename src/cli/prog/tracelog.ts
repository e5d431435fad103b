import { traceLog } from "../../events/index.ts";
import { openProgram, type StreamName } from "../../program/index.ts";
import { ensureTracefs, tracefsMount } from "../../sys/index.ts";
import type { Run } from "../command/command.ts";
import { CommandError } from "../failure/command-error.ts";
import { failedTo } from "../failure/reason.ts";
import { takeProgram } from "../handle/program.ts";
import type { Answer, LiveAnswer } from "../output/answer.ts";
import { writeNote } from "../output/write.ts";
import type { Options } from "../words/options.ts";
import { unexpectedWord, type Words } from "../words/words.ts";

/** `bpfts prog tracelog`, and `bpfts prog tracelog { stdout | stderr } PROG`. */
export const traceLogOf: Run = (words, options) => {
  if (words.left > 0) return streamOf(words);
  prepareTracefs(options);
  return logLines(options);
};

function prepareTracefs(options: Options): void {
  if (tracefsMount() !== undefined) return;
  if (options.nomount) throw new CommandError("no tracefs found, not mounting it due to --nomount option");
  if (!options.json) writeNote("could not find tracefs, attempting to mount it now");
  try {
    ensureTracefs();
  } catch (error) {
    throw failedTo("can't mount tracefs", error);
  }
}

function logLines({ json }: Options): LiveAnswer {
  return {
    async live(output, signal) {
      for await (const line of linesOf(signal)) {
        if (json) output.add(line);
        else output.text(line);
      }
      if (json) output.endArray();
    },
  };
}

/** Reads the trace pipe, which allows one reader at a time. */
async function* linesOf(signal: AbortSignal): AsyncGenerator<string> {
  try {
    yield* traceLog({ signal });
  } catch (error) {
    throw failedTo("can't read the trace pipe", error);
  }
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
  throw unexpectedWord(["stdout", "stderr"], words, { mayEnd: true });
}
