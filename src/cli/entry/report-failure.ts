import { BpfError } from "../../errors/index.ts";
import { didYouMean } from "../../layout/index.ts";
import type { FailurePlace } from "../command/command.ts";
import { CommandError, EXIT_FAILURE } from "../failure/command-error.ts";
import { errnoOf, failedTo } from "../failure/reason.ts";
import { diagnosisJson, diagnosisText } from "../output/diagnosis.ts";
import { formatJson, type JsonValue } from "../output/json-writer.ts";
import { OutputError, writeNote, writeText } from "../output/write.ts";
import type { Options } from "../words/options.ts";

/** The fields of VerifierError that are shown. They are declared here, so that this file need not import src/load. */
interface Refusal {
  readonly program: string;
  readonly log: readonly string[];
  readonly explanation: string;
}

/**
 * Reports a failure. Without -j it writes one line to standard error. With -j, `writeJson` writes one JSON value to
 * standard output. Returns the exit code.
 */
export function reportFailure(error: unknown, options: Options, to: FailurePlace = {}): number {
  const exitCode = error instanceof CommandError ? error.exitCode : EXIT_FAILURE;
  try {
    report(error, options, to);
  } catch (cause) {
    // The report itself cannot be written, so nothing more can be done.
    return cause instanceof OutputError && cause.isBrokenPipe ? cause.exitCode : exitCode;
  }
  return exitCode;
}

function report(error: unknown, options: Options, { place, writeJson = writeLine(options) }: FailurePlace): void {
  if (error instanceof OutputError && error.isBrokenPipe) return;
  const message = failureText(error);
  // As in bpftool, the verifier's log goes to standard error before the error message, also with -j. The short
  // diagnosis follows the log, so that the last line is still the error message.
  const refusal = refusalOf(error);
  if (refusal !== undefined)
    writeText(2, logText(refusal) + (options.explain ? "" : (loaded(() => refusal.explanation) ?? "")));
  const diagnosis = options.explain && error instanceof BpfError ? loaded(() => error.diagnosis) : undefined;
  const failure =
    diagnosis === undefined ? { error: message } : { error: message, diagnosis: diagnosisJson(diagnosis) };
  if (!options.json || error instanceof OutputError || !wroteJson(() => writeJson(failure))) {
    writeNote(`Error: ${place === undefined ? "" : `${place}: `}${message}`);
    if (diagnosis !== undefined) writeText(2, diagnosisText(diagnosis, process.stderr));
    else if (options.explain) writeNote("bpfts has no further explanation of this error");
  }
  if (options.debug && error instanceof Error && error.stack !== undefined) writeText(2, `${error.stack}\n`);
}

/** Makes a diagnosis. Returns undefined if its code cannot be loaded, because the process may open no more files. */
function loaded<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch {
    return undefined;
  }
}

function writeLine({ pretty }: Options): (failure: JsonValue) => void {
  return (failure) => writeText(1, `${formatJson(failure, pretty)}\n`);
}

/** Returns true if the JSON was written, false if standard output cannot be written. */
function wroteJson(write: () => void): boolean {
  try {
    write();
    return true;
  } catch (error) {
    if (error instanceof OutputError && !error.isBrokenPipe) return false;
    throw error;
  }
}

function failureText(error: unknown): string {
  if (error instanceof OutputError) return (failedTo(error.message, error.cause) as Error).message;
  if (error instanceof CommandError) return error.message + suggestion(error);
  if (error instanceof BpfError) return error.message;
  if (error instanceof Error && errnoOf(error) !== undefined) return fileErrorText(error);
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return `bpfts itself failed, please report it (-d shows where): ${text}`;
}

/** Returns the sentence that asks whether the user meant another word. It shows option names with their dashes. */
function suggestion({ message, typo }: CommandError): string {
  if (typo === undefined) return "";
  const question = didYouMean(typo.word, typo.names, typo.prefix);
  return message.endsWith("?") ? question.replace("; did", " Did") : question;
}

/** Returns the text of an error from Node's file functions, in the same form as the command's other errors. */
function fileErrorText(error: NodeJS.ErrnoException): string {
  const { syscall = "use", path } = error;
  return (failedTo(`can't ${syscall} ${path ?? "a file"}`, error) as Error).message;
}

function refusalOf(error: unknown): Refusal | undefined {
  if (!(error instanceof BpfError)) return undefined;
  if (error.code === "VERIFIER") return error as unknown as Refusal;
  return refusalOf(error.cause);
}

function logText({ program, log }: Refusal): string {
  if (log.length === 0) return "";
  return `prog '${program}': -- BEGIN PROG LOAD LOG --\n${log.join("\n")}\n-- END PROG LOAD LOG --\n`;
}
