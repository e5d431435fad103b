import { Errno, FormatError } from "../../errors/index.ts";

/** Objects cannot be linked with each other. The message begins with the name of the file that was refused. */
export class LinkError extends FormatError {
  /** The errno with which libbpf's linker refuses the file. The command derives its exit code from this errno. */
  readonly errno: Errno;

  constructor(source: string, problem: string, options: ErrorOptions & { readonly errno?: Errno } = {}) {
    super({ source }, problem, options);
    this.errno = options.errno ?? Errno.EINVAL;
  }
}
