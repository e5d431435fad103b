import { BpfError } from "../../errors/index.ts";
import { CommandError, EXIT_FAILURE } from "../failure/command-error.ts";
import { formatJson } from "../output/json-writer.ts";
import { writeText } from "../output/write.ts";
import type { Options } from "../words/options.ts";

/** What a program that the verifier refused has to tell; kernel/VerifierError, which this file need not load. */
interface Refusal {
  readonly program: string;
  readonly log: readonly string[];
}

/** Tells the user what failed: one line on standard error, or one JSON value on standard output. Returns the exit code. */
export function reportFailure(error: unknown, options: Options): number {
  const message = failureText(error);
  // Where bpftool shows it, in JSON too: the line below has the reason, the log has the way there.
  const refusal = refusalOf(error);
  if (refusal !== undefined) writeText(2, logText(refusal));
  if (options.json) writeText(1, `${formatJson({ error: message }, options.pretty)}\n`);
  else writeText(2, `Error: ${oneLine(message)}\n`);
  if (options.debug && error instanceof Error && error.stack !== undefined) writeText(2, `${error.stack}\n`);
  return error instanceof CommandError ? error.exitCode : EXIT_FAILURE;
}

function failureText(error: unknown): string {
  if (error instanceof BpfError) return error.message;
  if (error instanceof Error && "syscall" in error) return error.message;
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return `bpfts itself failed, please report it (-d shows where): ${text}`;
}

/** Control characters, as in a path that the user gave, are shown escaped: one line, and nothing for the terminal. */
function oneLine(text: string): string {
  return text.replace(/\p{Cc}/gu, (c) => JSON.stringify(c).slice(1, -1));
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
