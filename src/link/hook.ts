import { Errno, NotSupportedError, SyscallError, UsageError } from "../errors/index.ts";
import { type FeatureName, featureLack, lackError } from "../kernel/index.ts";
import type { Program } from "../program/index.ts";
import { attachTypeName, type BpfAttachType, type BpfProgType, progTypeName } from "../uapi/index.ts";
import { type Cleanup, KernelLink } from "./link.ts";

/** A place in the kernel where programs run: what it takes, what it needs, and what the kernel's errnos mean there. */
export interface Hook {
  /** The place, as an error names it: `network device eth0`, `kprobe do_unlinkat`. */
  readonly name: string;
  /** The types of programs that it takes. */
  readonly programTypes: readonly BpfProgType[];
  /** What a program is attached as; left out where the name of the place says it. */
  readonly attachType?: BpfAttachType | undefined;
  /** The attach types that a program may be loaded for, 0 for none; left out where the kernel does not compare. */
  readonly loadedFor?: readonly BpfAttachType[] | undefined;
  /** The feature that is used here and that not every kernel has: `link:tcx`. */
  readonly feature?: FeatureName | undefined;
  /** What an errno means here: a reason to add to the error, or an error of its own. Called after a refusal only. */
  readonly explain?: ((refusal: SyscallError) => string | Error | undefined) | undefined;
}

/** A program of the wrong type or attach type and a command that the kernel does not know have these errnos in common. */
const UNFIT: ReadonlySet<number> = new Set([Errno.EINVAL, Errno.E2BIG, Errno.EOPNOTSUPP, Errno.ENOTSUPP]);

/**
 * Attaches a program to a hook by a link, whose fd `create` returns. Where the kernel refuses, throws the one error that
 * says why: UsageError for a program that does not fit, NotSupportedError for a kernel without the feature, otherwise
 * SyscallError with the errno's meaning at this hook.
 */
export function attach(program: Program, hook: Hook, create: () => number, cleanup?: Cleanup): KernelLink {
  return KernelLink.of(explained(program, hook, create), `link of ${program.what} to ${hook.name}`, cleanup);
}

/** Runs a call that attaches a program otherwise than by a link. It fails as {@link attach} does. */
export function explained<T>(program: Program, hook: Hook, call: () => T): T {
  requireType(program, hook);
  try {
    return call();
  } catch (error) {
    throw explainRefusal(error, hook, program);
  }
}

/** Runs a query of a hook's programs. Where the kernel refuses, it fails as {@link attach} does. */
export function explainedQuery<T>(hook: Omit<Hook, "programTypes">, ask: () => T): T {
  try {
    return ask();
  } catch (error) {
    throw explainRefusal(error, hook);
  }
}

/** Throws a UsageError unless the program is of a type that the hook takes. The kernel would only say EINVAL. */
export function requireType(program: Program, hook: Hook): void {
  if (hook.programTypes.includes(program.type)) return;
  const names = hook.programTypes.map((type) => progTypeName(type) ?? type).join(" or ");
  throw new UsageError(`${subjectOf(hook, program)}: that hook takes ${names} programs`);
}

/** The error that says why the kernel refused a program, or a query without one; other errors as they are. */
export function explainRefusal(error: unknown, hook: Omit<Hook, "programTypes">, program?: Program): unknown {
  if (!(error instanceof SyscallError)) return error;
  const subject = subjectOf(hook, program);
  if (UNFIT.has(error.errno)) {
    const misfit = program && wrongAttachType(program, hook.loadedFor);
    if (misfit !== undefined) return new UsageError(`${subject}: ${misfit}`, { cause: error });
    const lack = hook.feature && lackError(hook.feature, {}, error);
    if (lack !== undefined) return lack;
  }
  const reason = hook.explain?.(error);
  if (reason instanceof Error) return reason;
  const { call, errno } = error;
  if (reason === undefined && (errno === Errno.EOPNOTSUPP || errno === Errno.ENOTSUPP)) {
    return new NotSupportedError({ feature: `attaching programs to ${hook.name}` }, { cause: error });
  }
  return new SyscallError(
    { call, errno, subject, reason, hint: reason === undefined ? error.hint : undefined },
    { cause: error },
  );
}

function subjectOf({ name, attachType }: Omit<Hook, "programTypes">, program: Program | undefined): string {
  const as = attachType === undefined ? "" : ` as ${typeText(attachType)}`;
  return program === undefined
    ? `the programs at ${name}${as} cannot be listed`
    : `${program.what} (${program.typeName}) cannot be attached to ${name}${as}`;
}

/** Why a program cannot be at a hook that takes only programs loaded for certain attach types. */
function wrongAttachType({ origin }: Program, loadedFor: Hook["loadedFor"]): string | undefined {
  // A program that was loaded here without an attach type was loaded for 0; of others it is not known.
  const own = origin.attachType ?? (origin.sectionName === undefined ? undefined : 0);
  if (own === undefined || loadedFor === undefined || loadedFor.includes(own)) return undefined;
  return `it was loaded for ${loadedText(own)}, and that hook takes programs loaded for ${loadedFor.map(loadedText).join(" or ")}`;
}

function loadedText(type: BpfAttachType): string {
  return type === 0 ? "no attach type" : typeText(type);
}

function typeText(type: BpfAttachType): string {
  return attachTypeName(type) ?? `attach type ${type}`;
}

/** Whether an error may come from a kernel that is too old for a feature, so that another way can be tried. */
export function isTooOldFor(name: FeatureName, error: unknown): boolean {
  return error instanceof SyscallError && error.errno === Errno.EINVAL && featureLack(name)?.kind === "version";
}

/** The section that a program is of, as an error names its hook; `otherwise` where it was not loaded here. */
export function sectionOf(program: Program, otherwise: string): string {
  return program.origin.sectionName?.replace(/^\?/, "") ?? otherwise;
}
