import { BpfError, errnoText, SyscallError } from "../../errors/index.ts";
import { CommandError, EXIT_FAILURE, exitCodeOf } from "./command-error.ts";

/**
 * Returns the error of a command whose system call failed. The message says what the command wanted to do, the kernel's
 * reason in the C library's words, and what to do about it if that is known. Returns errors of other kinds unchanged.
 * The exit code is `exitCode`. With `errnoExit`, it is derived from the errno, as in bpftool's `map` commands.
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

/** Returns the positive errno of a failed system call. The call may also be one of Node's. */
export function errnoOf(error: unknown): number | undefined {
  if (error instanceof SyscallError) return error.errno;
  if (error instanceof Error && "errno" in error && typeof error.errno === "number") return Math.abs(error.errno);
  return undefined;
}

/**
 * Runs a step of a command. If the library or Node throws an error, throws a CommandError whose message is bpftool's
 * name for the step, followed by the message of that error. `exitOf` computes the exit code from the errno of the
 * failure (undefined if there is none). Without `exitOf`, the exit code is 255.
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

/** Returns the errno of an error or of one of its causes. */
function causingErrno(error: unknown): number | undefined {
  return (
    errnoOf(error) ?? (error instanceof Error && error.cause !== undefined ? causingErrno(error.cause) : undefined)
  );
}

/** Runs a step of a command. If the step fails, the command exits with `exitCode`, as bpftool does. */
export function exitingWith<T>(exitCode: number, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof BpfError)) throw error;
    const typo = error instanceof CommandError ? error.typo : undefined;
    throw new CommandError(error.message, { cause: error, exitCode, ...(typo && { typo }) });
  }
}
