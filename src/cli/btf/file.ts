import type { Btf } from "../../btf/index.ts";
import { BpfError, errnoText } from "../../errors/index.ts";
import { readBtfFile } from "../../kernel/index.ts";
import { kernelBtfPath } from "../../sys/index.ts";
import { CommandError, EXIT_INVALID, exitCodeOf } from "../failure/command-error.ts";
import { errnoOf } from "../failure/reason.ts";

/** Reads the BTF of a file that the user named. */
export function btfOfFile(path: string, base?: Btf): Btf {
  return inBtf(() => readBtfFile(path, { base }), `failed to load BTF from ${path}`);
}

/** Reads the base BTF from the file that the option `-B` names. */
export function baseOf(path: string): Btf {
  return btfOfFile(path);
}

/** Reads the running kernel's BTF, the base of its modules' BTF. */
export function kernelBase(): Btf {
  return btfOfFile(kernelBtfPath());
}

/**
 * Runs a function that reads BTF. If the BTF is malformed, the command exits with the exit code for EINVAL. If a system
 * call fails and `what` is given, the command exits with the code for the errno, and the message begins with `what`.
 */
export function inBtf<T>(run: () => T, what?: string): T {
  try {
    return run();
  } catch (error) {
    const errno = errnoOf(error) ?? errnoOf((error as Error).cause);
    if (errno !== undefined && what !== undefined) {
      throw new CommandError(`${what}: ${errnoText(errno)}`, { cause: error, exitCode: exitCodeOf(errno) });
    }
    if (!(error instanceof BpfError) || error instanceof CommandError) throw error;
    throw new CommandError(error.message, { cause: error, exitCode: EXIT_INVALID });
  }
}
