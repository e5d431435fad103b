import { errnoText, SyscallError } from "../../errors/index.ts";
import { CommandError, EXIT_FAILURE } from "./command-error.ts";

/**
 * The error of a command whose system call failed: what was wanted, then the kernel's reason in the C library's words,
 * then what to do, as far as it is known. Errors of other kinds pass unchanged.
 */
export function failedTo(what: string, error: unknown, options: { exitCode?: number } = {}): unknown {
  const errno = errnoOf(error);
  if (errno === undefined) return error;
  const hint = error instanceof SyscallError && error.hint !== undefined ? `; ${error.hint}` : "";
  return new CommandError(`${what}: ${errnoText(errno)}${hint}`, {
    cause: error,
    exitCode: options.exitCode ?? EXIT_FAILURE,
  });
}

/** The positive errno of a failed system call, also of one that Node made. */
export function errnoOf(error: unknown): number | undefined {
  if (error instanceof SyscallError) return error.errno;
  if (error instanceof Error && "errno" in error && typeof error.errno === "number") return Math.abs(error.errno);
  return undefined;
}

/** Says which step of a command failed, in bpftool's words, before the reason that the library gives. */
export function inStep<T>(step: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof Error && "code" in error)) throw error;
    throw new CommandError(`${step}: ${error.message}`, { cause: error });
  }
}
