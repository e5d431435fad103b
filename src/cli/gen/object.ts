import { BpfError, FormatError } from "../../errors/index.ts";
import { readUserFile } from "../../kernel/index.ts";
import { LinkError, type LinkedFile, linkObjects } from "../../object/index.ts";
import { replaceFile } from "../../sys/index.ts";
import type { Run } from "../command/command.ts";
import { CommandError, EXIT_FAILURE, EXIT_INVALID, exitCodeOf, exitOfErrno } from "../failure/command-error.ts";
import { failedTo, inStep } from "../failure/reason.ts";
import { done } from "../output/answer.ts";

/**
 * `bpfts gen object OUTPUT_FILE INPUT_FILE…`. All input is read before the output is written, so the output may be one
 * of the input files, and a failure leaves the old output as it was.
 */
export const genObject: Run = (words) => {
  words.need(2);
  const output = words.take("an output file");
  const files: LinkedFile[] = [];
  while (words.left > 0) {
    const source = words.take("an object file");
    const data = inStep(`failed to link '${source}'`, () => readUserFile(source, "a BPF object file"), exitOfErrno);
    files.push({ source, data });
  }
  const linked = link(files);
  try {
    replaceFile(output, linked);
  } catch (error) {
    throw failedTo(`failed to write '${output}'`, error, { exitCode: EXIT_FAILURE });
  }
  return done;
};

function link(files: readonly LinkedFile[]): Uint8Array {
  try {
    return linkObjects(files);
  } catch (cause) {
    if (!(cause instanceof BpfError)) throw cause;
    const isInput = cause instanceof FormatError && files.some(({ source }) => source === cause.source);
    const message = isInput
      ? `failed to link '${cause.source}': ${cause.problem}`
      : `failed to finalize ELF file: ${cause.message}`;
    throw new CommandError(message, {
      cause,
      exitCode: cause instanceof LinkError ? exitCodeOf(cause.errno) : EXIT_INVALID,
    });
  }
}
