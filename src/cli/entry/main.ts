#!/usr/bin/env node
import { isAbsolute } from "node:path";
import { keepKernelTypes } from "../../kernel/index.ts";
import { CommandError, EXIT_INVALID } from "../failure/command-error.ts";
import type { Answer, LiveAnswer } from "../output/answer.ts";
import { formatJson } from "../output/json-writer.ts";
import { LiveOutput } from "../output/live.ts";
import { writePieces, writeText } from "../output/write.ts";
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
    if ("live" in answer) return await showLive(answer, options);
    show(answer, options);
    return answer.exitCode ?? 0;
  } catch (cause) {
    const { reportFailure } = await import("./report-failure.ts");
    return reportFailure(cause, options);
  }
}

async function answerOf(words: readonly string[], options: Options): Promise<Answer | LiveAnswer> {
  checkSigning(options);
  if (options.baseBtf !== undefined) (await import("./base-btf.ts")).checkBaseBtf(options.baseBtf);
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
  if (options.json && answer.jsonPieces !== undefined) {
    writePieces(1, answer.jsonPieces(options.pretty));
    writeText(1, "\n");
  } else if (options.json) writeText(1, `${formatJson(answer.json(), options.pretty)}\n`);
  else writePieces(answer.textTo === "stderr" ? 2 : 1, answer.text());
}

/** Runs a command that goes on, until it ends or is told to; then its exit code is 0. */
async function showLive(answer: LiveAnswer, options: Options): Promise<number> {
  const abort = new AbortController();
  endOnSignals(abort);
  const output = new LiveOutput(options, () => abort.abort());
  try {
    await answer.live(output, abort.signal);
    if (output.failure !== undefined) throw output.failure;
    return 0;
  } catch (cause) {
    const { reportFailure } = await import("./report-failure.ts");
    return reportFailure(output.failure ?? cause, options, (failure) => output.jsonFailure(failure));
  }
}

const ENDINGS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
/** Signals that follow so soon are the same request: GNU timeout sends two, a terminal and a script one each. */
const SAME_REQUEST_MS = 1000;

/**
 * Aborts at Ctrl-C and its like. A later signal ends the process at once, for a command that does not come to its end.
 * The signals stay handled until the process exits, so that none of them cuts the last output short.
 */
function endOnSignals(abort: AbortController): void {
  let first: number | undefined;
  for (const name of ENDINGS) {
    process.on(name, () => {
      first ??= performance.now();
      abort.abort();
      if (performance.now() - first <= SAME_REQUEST_MS) return;
      process.removeAllListeners(name);
      process.kill(process.pid, name);
    });
  }
}

// No top-level await: scripts/bundle.mjs turns this into CommonJS.
main(process.argv.slice(2)).then((code) => {
  // Not process.exitCode: V8 would take its heap down piece by piece, 10 ms of a long listing.
  process.exit(code);
});
