import { BpfError } from "../../errors/index.ts";
import { CommandError, EXIT_FAILURE } from "../failure/command-error.ts";
import { errnoOf, failedTo } from "../failure/reason.ts";
import { formatJson, type JsonValue } from "../output/json-writer.ts";
import { OutputError, writeNote, writeText } from "../output/write.ts";
import type { Options } from "../words/options.ts";

/** What a program that the verifier refused has to tell: load's VerifierError, which this file need not load. */
interface Refusal {
  readonly program: string;
  readonly log: readonly string[];
}

/**
 * Tells the user what failed: in one line on standard error, or with -j in one JSON value on standard output, which
 * `writeJson` writes. Returns the exit code.
 */
export function reportFailure(
  error: unknown,
  options: Options,
  writeJson: (failure: JsonValue) => void = (failure) => writeText(1, `${formatJson(failure, options.pretty)}\n`),
): number {
  const exitCode = error instanceof CommandError ? error.exitCode : EXIT_FAILURE;
  try {
    tell(error, options, writeJson);
  } catch (cause) {
    // Nobody is left to be told.
    return cause instanceof OutputError && cause.isBrokenPipe ? cause.exitCode : exitCode;
  }
  return exitCode;
}

function tell(error: unknown, options: Options, writeJson: (failure: JsonValue) => void): void {
  if (error instanceof OutputError && error.isBrokenPipe) return;
  const message = failureText(error);
  // Where bpftool shows it, in JSON too: the line below has the reason, the log has the way there.
  const refusal = refusalOf(error);
  if (refusal !== undefined) writeText(2, logText(refusal));
  if (!options.json || error instanceof OutputError || !takesJson(() => writeJson({ error: message }))) {
    writeNote(`Error: ${message}`);
  }
  if (options.debug && error instanceof Error && error.stack !== undefined) writeText(2, `${error.stack}\n`);
}

/** Returns false if standard output is full. */
function takesJson(write: () => void): boolean {
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
  if (error instanceof BpfError) return error.message;
  if (error instanceof Error && errnoOf(error) !== undefined) return fileErrorText(error);
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return `bpfts itself failed, please report it (-d shows where): ${text}`;
}

/** An error of Node's file functions in our words: every text that a user reads is of one kind. */
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
