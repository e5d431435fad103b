import { BpfError, Errno, NotSupportedError, SyscallError, UsageError } from "../errors/index.ts";
import type { Program } from "../program/index.ts";
import { kernelAtLeast } from "../sys/index.ts";
import { attachTypeName, type BpfAttachType, type BpfProgType, progTypeName } from "../uapi/index.ts";

/** Throws a UsageError unless the program is of a type that a hook takes; the kernel would only say EINVAL. */
export function requireType(program: Program, hook: string, ...types: readonly BpfProgType[]): void {
  if (types.includes(program.type)) return;
  const names = types.map((type) => progTypeName(type) ?? type).join(" or ");
  throw new UsageError(`${program.what} is of type ${program.typeName}: ${hook} takes programs of type ${names}`);
}

/** What a kernel refused, in the words of who asked for it. */
export interface Refusal {
  /** `kprobe do_unlinkat`. */
  readonly hook: string;
  /** What the program must have been loaded for; nothing in particular where left out. */
  readonly attachType?: BpfAttachType | undefined;
  /** The first kernel with such links, as [6, 6]; an EINVAL of an older one means that. */
  readonly since?: readonly [major: number, minor: number] | undefined;
  /** What an errno means here, where it means neither of the above. */
  readonly reasons?: (error: SyscallError) => Error | string | undefined;
}

/**
 * The error to throw for one of the kernel's, found out about after the fact: a kernel without such links, a program
 * that was loaded for something else, or what the errno means for this hook.
 */
export function explainRefusal(program: Program, error: unknown, refusal: Refusal): unknown {
  if (!(error instanceof SyscallError)) return error;
  const { hook, attachType, since } = refusal;
  const { errno } = error;
  const cannot = `${program.what} (${program.typeName}) cannot be attached to ${hook}`;
  const isUnknown = errno === Errno.EINVAL || errno === Errno.E2BIG;
  if (since !== undefined && isUnknown && !kernelAtLeast(...since)) {
    return new NotSupportedError({ feature: hook, minVersion: since.join(".") }, { cause: error });
  }
  const own = program.origin.attachType ?? (program.origin.sectionName === undefined ? undefined : 0);
  if (errno === Errno.EINVAL && own !== undefined && own !== (attachType ?? 0)) {
    const loadedFor = own === 0 ? "no attach type" : `attach type ${attachTypeName(own) ?? own}`;
    const needed = attachType === undefined ? "none" : (attachTypeName(attachType) ?? attachType);
    return new UsageError(`${cannot}: it was loaded for ${loadedFor}, this takes ${needed}`, { cause: error });
  }
  const reason = refusal.reasons?.(error);
  if (reason instanceof Error) return reason;
  if (reason !== undefined) return new BpfError(error.code, `${cannot}: ${reason}`, { cause: error });
  if (errno === Errno.EOPNOTSUPP || errno === Errno.ENOTSUPP) {
    return new NotSupportedError({ feature: hook, detail: "it was built without" }, { cause: error });
  }
  return new BpfError(error.code, `${cannot}: ${error.message}`, { cause: error });
}

/** Runs a call; what it throws is explained. */
export function explained<T>(program: Program, refusal: Refusal, call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw explainRefusal(program, error, refusal);
  }
}

/** The section that a program is of, as an error names its hook; `otherwise` where it was not loaded here. */
export function sectionOf(program: Program, otherwise: string): string {
  return program.origin.sectionName?.replace(/^\?/, "") ?? otherwise;
}
