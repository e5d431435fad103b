import { Errno, NotSupportedError, SyscallError, UsageError } from "../errors/index.ts";
import type { FeatureName } from "../kernel/index.ts";
import { feature, featureLack, tooOldFor } from "../kernel/index.ts";
import type { Program } from "../program/index.ts";
import { attachTypeName, type BpfAttachType, type BpfProgType, progTypeName } from "../uapi/index.ts";

/** What was to be attached and to what, and what the hook takes: enough to say why the kernel refused. */
export interface Attempt {
  readonly program: Program;
  /** Where it was to go: `network device eth0`. */
  readonly where: string;
  readonly attachType: BpfAttachType;
  /** The types of programs that the hook takes. */
  readonly programTypes: readonly BpfProgType[];
  /** The attach types that a program for it may be loaded for; left out where the kernel does not look. */
  readonly loadedFor?: readonly BpfAttachType[] | undefined;
  /** What is used that not every kernel has: `link:tcx`. */
  readonly feature?: FeatureName | undefined;
  /** What an errno means at this hook; returning undefined leaves it as it is. */
  readonly meaning?: ((errno: number) => string | undefined) | undefined;
}

// A program of the wrong type or attach type, and a command that a kernel does not know, are all EINVAL.
const UNFIT: ReadonlySet<number> = new Set([Errno.EINVAL, Errno.EOPNOTSUPP, Errno.ENOTSUPP]);

/** Attaches; where the kernel refuses, throws an error that says which of the usual mistakes it was. */
export function attempt<T>(facts: Attempt, attach: () => T): T {
  try {
    return attach();
  } catch (error) {
    throw refusalOf(facts, error);
  }
}

/** The error that says why, of what an attachment threw; other errors as they are. */
export function refusalOf(facts: Attempt, error: unknown): unknown {
  return error instanceof SyscallError ? refusal(facts, error) : error;
}

/** Whether an error may come from a kernel that is too old for a feature, so that another way can be tried. */
export function isTooOld(error: unknown, name: FeatureName): boolean {
  return error instanceof SyscallError && error.errno === Errno.EINVAL && featureLack(name)?.kind === "version";
}

function refusal(facts: Attempt, cause: SyscallError): Error {
  const { program, where, attachType, programTypes } = facts;
  const { call, errno } = cause;
  const type = attachTypeName(attachType) ?? `attach type ${attachType}`;
  const subject = `${program.what} (${program.typeName}) cannot be attached to ${where} as ${type}`;
  if (UNFIT.has(errno)) {
    if (!programTypes.includes(program.type)) {
      const names = programTypes.map((one) => progTypeName(one) ?? one).join(" or ");
      return new UsageError(`${subject}: it takes ${names} programs`, { cause });
    }
    const own = program.origin.attachType;
    if (own !== undefined && facts.loadedFor !== undefined && !facts.loadedFor.includes(own)) {
      return new UsageError(`${subject}: it was loaded for ${attachTypeName(own) ?? `attach type ${own}`}`, { cause });
    }
    const missing = facts.feature && lackOf(facts.feature, cause);
    if (missing !== undefined) return missing;
  }
  const hint = facts.meaning?.(errno) ?? cause.hint;
  return new SyscallError({ call, errno, subject, hint }, { cause });
}

/** The error for a kernel that is too old for a feature, or was built without it; undefined where it should be there. */
function lackOf(name: FeatureName, cause: SyscallError): NotSupportedError | undefined {
  const lack = featureLack(name);
  if (lack?.kind !== "config") return tooOldFor(name, {}, cause);
  const detail = `it was built without ${lack.option}`;
  return new NotSupportedError({ feature: feature(name).what, detail }, { cause });
}
