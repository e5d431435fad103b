#!/usr/bin/env node
import { isAbsolute } from "node:path";
import { keepKernelTypes } from "../../kernel/index.ts";
import { CommandError, EXIT_INVALID } from "../failure/command-error.ts";
import type { Answer, LiveAnswer } from "../output/answer.ts";
import { formatJson } from "../output/json-writer.ts";
import { writeBytes, writePieces, writeText } from "../output/write.ts";
import { type Options, parseOptions } from "../words/options.ts";
import { cacheFolder, cacheWarning } from "./code-cache.ts";
import { dispatch } from "./dispatch.ts";

/** Keeps types of the kernel beside V8's code, in the package as it is published: there `file` is a path and no URL. */
function keepTypes(file: string, options: Options): void {
  const folder = isAbsolute(file) ? cacheFolder(file) : undefined;
  if (folder !== undefined) keepKernelTypes(folder, { onRejected: cacheWarning(options) });
}

/** Runs a command line and returns the exit code. The only place that catches errors. */
async function main(argv: readonly string[]): Promise<number> {
  const { options, words, error } = parseOptions(argv);
  keepTypes(import.meta.url, options);
  try {
    if (error !== undefined) throw error;
    const answer = await answerOf(words, options);
    if ("live" in answer) {
      await showLive(answer);
      return 0;
    }
    show(answer, options);
    return answer.exitCode ?? 0;
  } catch (cause) {
    const { reportFailure } = await import("./report-failure.ts");
    return reportFailure(cause, options);
  }
}

async function answerOf(words: readonly string[], options: Options): Promise<Answer | LiveAnswer> {
  checkSigning(options);
  if (options.help) return dispatch(["help"], options);
  if (options.version) return dispatch(["version"], options);
  return dispatch(words, options);
}

function checkSigning({ sign, privateKey, certificate }: Options): void {
  if (sign && (privateKey === undefined || certificate === undefined)) {
    throw new CommandError("-i <identity_x509_cert> and -k <private_key> must be supplied with -S for signing", {
      exitCode: EXIT_INVALID,
    });
  }
  if (!sign && (privateKey !== undefined || certificate !== undefined)) {
    throw new CommandError(
      "--sign (or -S) must be explicitly passed with -i <identity_x509_cert> and -k <private_key> to sign the programs",
      { exitCode: EXIT_INVALID },
    );
  }
}

function show(answer: Answer, options: Options): void {
  if (!options.json && answer.note !== undefined) writeText(2, answer.note);
  if (options.json && answer.jsonPieces !== undefined) {
    writePieces(1, answer.jsonPieces(options.pretty));
    writeText(1, "\n");
  } else if (options.json) writeText(1, `${formatJson(answer.json(), options.pretty)}\n`);
  else writePieces(answer.textTo === "stderr" ? 2 : 1, answer.text());
}

const ENDINGS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Ctrl-C and its like end it in order, with exit code 0; a second one at once. */
async function showLive(answer: LiveAnswer): Promise<void> {
  const abort = new AbortController();
  const end = (): void => {
    for (const name of ENDINGS) process.removeListener(name, end);
    abort.abort();
  };
  for (const name of ENDINGS) process.on(name, end);
  try {
    const write = (text: string | Uint8Array): void =>
      typeof text === "string" ? writeText(1, text) : writeBytes(1, text);
    await answer.live(write, abort.signal);
  } finally {
    for (const name of ENDINGS) process.removeListener(name, end);
  }
}

// No top-level await: scripts/bundle.mjs turns this into CommonJS.
main(process.argv.slice(2)).then((code) => {
  // Not process.exitCode: V8 would take its heap down piece by piece, 10 ms of a long listing.
  process.exit(code);
});
