import { BpfError, Errno } from "../../errors/index.ts";

/** bpftool's exit code of most failures: -1, cut to a byte. */
export const EXIT_FAILURE = 255;
/** bpftool's exit code of some usage errors: -EINVAL, cut to a byte. */
export const EXIT_INVALID: number = exitCodeOf(Errno.EINVAL);

/** Returns the exit code of a command of bpftool that returns a negative errno: its lowest byte. */
export function exitCodeOf(errno: number): number {
  return -errno & 0xff;
}

/** The failure of a command. The message is the line that the user reads. */
export class CommandError extends BpfError {
  readonly exitCode: number;
  constructor(message: string, options: ErrorOptions & { exitCode?: number } = {}) {
    super("COMMAND", message, options.cause === undefined ? undefined : { cause: options.cause });
    this.exitCode = options.exitCode ?? EXIT_FAILURE;
  }
}
