import { errnoText, SyscallError } from "../../errors/index.ts";
import { CommandError, EXIT_FAILURE, exitCodeOf } from "./command-error.ts";

/**
 * Returns the error of a command whose system call failed: what the command wanted to do, the kernel's reason in the C
 * library's words, and what to do about it if that is known. Returns errors of other kinds unchanged. The exit code is
 * `exitCode`, or with `errnoExit` that of the errno, as bpftool's `map` commands have it.
 */
export function failedTo(
  what: string,
  error: unknown,
  options: { readonly exitCode?: number; readonly errnoExit?: boolean } = {},
): unknown {
  const errno = errnoOf(error);
  if (errno === undefined) return error;
  const hint = error instanceof SyscallError && error.hint !== undefined ? `; ${error.hint}` : "";
  return new CommandError(`${what}: ${errnoText(errno)}${hint}`, {
    cause: error,
    exitCode: options.errnoExit === true ? exitCodeOf(errno) : (options.exitCode ?? EXIT_FAILURE),
  });
}

/** Returns the positive errno of a failed system call, also of one that Node made. */
export function errnoOf(error: unknown): number | undefined {
  if (error instanceof SyscallError) return error.errno;
  if (error instanceof Error && "errno" in error && typeof error.errno === "number") return Math.abs(error.errno);
  return undefined;
}

/**
 * Runs a step of a command. Its failure gets bpftool's name of the step in front of the library's reason. The exit code
 * is that of a usual failure, or by `exitOf` the one of the failure's errno, which is undefined where there is none.
 */
export function inStep<T>(step: string, run: () => T, exitOf?: (errno: number | undefined) => number): T {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof Error && "code" in error)) throw error;
    const exitCode = exitOf?.(causingErrno(error)) ?? EXIT_FAILURE;
    throw new CommandError(`${step}: ${error.message}`, { cause: error, exitCode });
  }
}

/** Returns the errno that an error or one of its causes has. */
function causingErrno(error: unknown): number | undefined {
  return (
    errnoOf(error) ?? (error instanceof Error && error.cause !== undefined ? causingErrno(error.cause) : undefined)
  );
}
