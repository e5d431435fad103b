import { BpfError, Errno } from "../../errors/index.ts";

/** bpftool's exit code for most failures: the lowest byte of -1. */
export const EXIT_FAILURE = 255;
/** bpftool's exit code for some usage errors: the lowest byte of -EINVAL. */
export const EXIT_INVALID: number = exitCodeOf(Errno.EINVAL);

/** Returns the exit code of a bpftool command that returns a negative errno: the lowest byte of this number. */
export function exitCodeOf(errno: number): number {
  return -errno & 0xff;
}

/** Returns the exit code for the errno of a failed step. Without an errno, this is the exit code for EINVAL. */
export function exitOfErrno(errno: number | undefined): number {
  return errno === undefined ? EXIT_INVALID : exitCodeOf(errno);
}

/** A word that may be misspelled, and the words that are valid in its place. */
export interface Typo {
  readonly word: string;
  readonly names: Iterable<string>;
  /** What stands before the names on the command line: the dashes of an option. */
  readonly prefix?: string;
}

/** The failure of a command. The message is the line that the user reads. */
export class CommandError extends BpfError {
  readonly exitCode: number;
  /** If set, the error report suggests valid names that are similar to the word. */
  readonly typo: Typo | undefined;
  constructor(message: string, options: ErrorOptions & { exitCode?: number; typo?: Typo } = {}) {
    super("COMMAND", message, options.cause === undefined ? undefined : { cause: options.cause });
    this.exitCode = options.exitCode ?? EXIT_FAILURE;
    this.typo = options.typo;
  }
}
