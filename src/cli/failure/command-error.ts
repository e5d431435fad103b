import { BpfError } from "../../errors/index.ts";

/** bpftool's exit code of most failures: -1, cut to a byte. */
export const EXIT_FAILURE = 255;
/** Its exit code of -EINVAL, cut likewise. */
export const EXIT_INVALID = 234;

/** A command cannot do what it was asked to. The message is the line that the user reads. */
export class CommandError extends BpfError {
  readonly exitCode: number;
  constructor(message: string, options: ErrorOptions & { exitCode?: number } = {}) {
    super("COMMAND", message, options.cause === undefined ? undefined : { cause: options.cause });
    this.exitCode = options.exitCode ?? EXIT_FAILURE;
  }
}
