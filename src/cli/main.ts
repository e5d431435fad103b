#!/usr/bin/env node
import type { Answer } from "./answer.ts";
import { dispatch } from "./dispatch.ts";
import { formatJson } from "./json-writer.ts";
import { type Options, parseOptions } from "./options.ts";
import { writePieces, writeText } from "./output.ts";

/** Runs a command line and returns the exit code. The only place that catches errors. */
async function main(argv: readonly string[]): Promise<number> {
  const { options, words, error } = parseOptions(argv);
  try {
    if (error !== undefined) throw error;
    show(await answerOf(words, options), options);
    return 0;
  } catch (cause) {
    const { reportFailure } = await import("./failure.ts");
    return reportFailure(cause, options);
  }
}

async function answerOf(words: readonly string[], options: Options): Promise<Answer> {
  if (options.help) return dispatch(["help"], options);
  if (options.version) return dispatch(["version"], options);
  return dispatch(words, options);
}

function show(answer: Answer, options: Options): void {
  if (options.json) writeText(1, `${formatJson(answer.json(), options.pretty)}\n`);
  else writePieces(answer.textTo === "stderr" ? 2 : 1, answer.text());
}

process.exitCode = await main(process.argv.slice(2));
