import { isAbsolute } from "node:path";
import { keepKernelTypes } from "../../kernel/index.ts";
import { CommandError, EXIT_INVALID } from "../failure/command-error.ts";
import type { Answer, LiveAnswer } from "../output/answer.ts";
import { LiveOutput } from "../output/live.ts";
import { showAnswer } from "../output/show.ts";
import { type Options, parseOptions } from "../words/options.ts";
import { cacheFolder, cacheWarning } from "./code-cache.ts";
import { dispatch } from "./dispatch.ts";

/**
 * Turns on the cache of kernel types, in the folder of the code cache. Does nothing if the sources are run instead of
 * the published package: `file` is then a URL, not a path.
 */
function keepTypes(file: string, options: Options): void {
  const folder = isAbsolute(file) ? cacheFolder(file) : undefined;
  if (folder !== undefined) keepKernelTypes(folder, { onRejected: cacheWarning(options) });
}

/**
 * Runs a command line and returns the exit code. Reports an error that the command throws. `file` is the path of the
 * published file that contains this code, or a URL if the sources are run.
 */
export async function runLine(argv: readonly string[], file: string): Promise<number> {
  const { options, words, error } = parseOptions(argv);
  keepTypes(file, options);
  try {
    if (error !== undefined) throw error;
    const answer = await answerOf(words, options);
    if ("live" in answer) return await showLive(answer, options);
    showAnswer(answer, options);
    return answer.exitCode ?? 0;
  } catch (cause) {
    const { reportFailure } = await import("./report-failure.ts");
    return reportFailure(cause, options);
  }
}

async function answerOf(words: readonly string[], options: Options): Promise<Answer | LiveAnswer> {
  checkSigning(options);
  if (options.baseBtf !== undefined) (await import("./base-btf.ts")).checkBaseBtf(options.baseBtf);
  if (options.version && !options.help) return dispatch(["version"], options);
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

/** Runs a live command until it ends or a signal ends it. Returns the exit code. */
async function showLive(answer: LiveAnswer, options: Options): Promise<number> {
  const abort = new AbortController();
  endOnSignals(abort);
  const output = new LiveOutput(options, () => abort.abort());
  try {
    await answer.live(output, abort.signal);
    if (output.failure !== undefined) throw output.failure;
    return answer.exitCode ?? 0;
  } catch (cause) {
    const { reportFailure } = await import("./report-failure.ts");
    return reportFailure(output.failure ?? cause, options, {
      writeJson: (failure) => output.jsonFailure(failure),
    });
  }
}

const END_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
/**
 * Signals within this time count as one request to end. One request can cause two signals: GNU timeout sends two, and a
 * terminal and a script may each send one.
 */
const SAME_REQUEST_MS = 1000;

/**
 * Aborts at the first of these signals. A later signal kills the process at once, in case the command does not end by
 * itself. The handlers stay installed until the process exits, so that a repeated signal does not cut off the last
 * output.
 */
function endOnSignals(abort: AbortController): void {
  let first: number | undefined;
  for (const name of END_SIGNALS) {
    process.on(name, () => {
      first ??= performance.now();
      abort.abort();
      if (performance.now() - first <= SAME_REQUEST_MS) return;
      process.removeAllListeners(name);
      process.kill(process.pid, name);
    });
  }
}
