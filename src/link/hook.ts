import {
  type Diagnosis,
  Errno,
  errnoName,
  errnoText,
  NotSupportedError,
  SyscallError,
  UsageError,
} from "../errors/index.ts";
import { commandOf, diagnosisOf } from "../explain/index.ts";
import { type FeatureName, featureLack, lackError } from "../kernel/index.ts";
import type { Program } from "../program/index.ts";
import { attachTypeName, type BpfAttachType, type BpfProgType, progTypeName } from "../uapi/index.ts";
import { type Cleanup, KernelLink } from "./link.ts";

/**
 * A hook, that is, a place in the kernel where programs run. It describes which programs fit, which feature the hook
 * needs, and what an errno means there.
 */
export interface Hook {
  /** The name of the hook in errors: `network device eth0`, `kprobe do_unlinkat`. */
  readonly name: string;
  /** The types of programs that can be attached here. */
  readonly programTypes: readonly BpfProgType[];
  /** The attach type, for errors. Leave it out if the name of the hook already implies it. */
  readonly attachType?: BpfAttachType | undefined;
  /**
   * The program must be loaded for one of these attach types; 0 means loaded for none. Leave it out if the kernel does
   * not check this.
   */
  readonly loadedFor?: readonly BpfAttachType[] | undefined;
  /**
   * The kernel feature that attaching needs, such as `link:tcx`. Leave it out if every supported kernel can attach
   * here.
   */
  readonly feature?: FeatureName | undefined;
  /**
   * Returns what an errno means at this hook: a reason to add to the error, or another error to throw. This function is
   * called only after a failure.
   */
  readonly explain?: ((refusal: SyscallError) => string | Error | undefined) | undefined;
  /** Returns clauses that say what is attached to the hook now, for the diagnosis of a refusal. */
  readonly found?: (() => readonly string[]) | undefined;
}

/** The errnos with two meanings: the program does not fit, or the kernel does not have the feature. */
const UNFIT: ReadonlySet<number> = new Set([Errno.EINVAL, Errno.E2BIG, Errno.EOPNOTSUPP, Errno.ENOTSUPP]);

/**
 * Attaches a program to a hook by a link. `create` makes the link and returns its fd. Throws UsageError if the program
 * does not fit, and NotSupportedError if the kernel does not have the feature. Otherwise throws SyscallError with the
 * meaning of the errno at this hook.
 */
export function attach(program: Program, hook: Hook, create: () => number, cleanup?: Cleanup): KernelLink {
  return KernelLink.of(explained(program, hook, create), `link of ${program.what} to ${hook.name}`, cleanup);
}

/** Runs a call that attaches a program without a link. Throws the same errors as {@link attach}. */
export function explained<T>(program: Program, hook: Hook, call: () => T): T {
  requireType(program, hook);
  try {
    return call();
  } catch (error) {
    throw explainRefusal(error, hook, program);
  }
}

/** Runs a query of the programs at a hook. Throws the same errors as {@link attach}. */
export function explainedQuery<T>(hook: Omit<Hook, "programTypes">, ask: () => T): T {
  try {
    return ask();
  } catch (error) {
    throw explainRefusal(error, hook);
  }
}

/**
 * Throws UsageError unless the program's type fits the hook. Without this check, the kernel would only return EINVAL.
 */
export function requireType(program: Program, hook: Hook): void {
  if (hook.programTypes.includes(program.type)) return;
  const names = hook.programTypes.map((type) => progTypeName(type) ?? type).join(" or ");
  throw misfitError(`${subjectOf(hook, program)}: this hook takes ${names} programs`);
}

/** Throws UsageError if the program was loaded for another attach type than the hook takes. */
export function requireLoadedFor(program: Program, hook: Hook): void {
  const misfit = wrongAttachType(program, hook.loadedFor);
  if (misfit !== undefined) throw misfitError(`${subjectOf(hook, program)}: ${misfit}`);
}

/**
 * Returns the error that explains a SyscallError. With `program`, the failed call was to attach it; without, to query.
 */
export function explainRefusal(error: unknown, hook: Omit<Hook, "programTypes">, program?: Program): unknown {
  if (!(error instanceof SyscallError)) return error;
  const subject = subjectOf(hook, program);
  if (UNFIT.has(error.errno)) {
    const misfit = program && wrongAttachType(program, hook.loadedFor);
    if (misfit !== undefined) return misfitError(`${subject}: ${misfit}`, error);
    const lack = hook.feature && lackError(hook.feature, {}, error);
    if (lack !== undefined) return lack;
  }
  const reason = hook.explain?.(error);
  if (reason instanceof Error) return reason;
  const { call, errno } = error;
  if (reason === undefined && (errno === Errno.EOPNOTSUPP || errno === Errno.ENOTSUPP)) {
    return new NotSupportedError(
      { feature: `${program === undefined ? "listing the programs at" : "attaching programs to"} ${hook.name}` },
      { cause: error },
    );
  }
  return new SyscallError(
    { call, errno, subject, reason, hint: reason === undefined ? error.hint : undefined },
    { cause: error, diagnose: () => diagnose(error, subject, reason, hook) },
  );
}

/** The kind of diagnosis for each errno that has the same meaning at every hook. */
const KIND_OF_ERRNO: Readonly<Record<number, string>> = {
  [Errno.EBUSY]: "attach-busy",
  [Errno.EEXIST]: "attach-busy",
  [Errno.E2BIG]: "attach-busy",
  [Errno.ERANGE]: "attach-busy",
  [Errno.ENOENT]: "attach-target-missing",
  [Errno.ESRCH]: "attach-target-missing",
  [Errno.ENODEV]: "attach-target-missing",
  [Errno.ENXIO]: "attach-target-missing",
  [Errno.EADDRNOTAVAIL]: "attach-not-allowed",
  [Errno.EILSEQ]: "attach-not-allowed",
};

/**
 * Returns the diagnosis of a refusal. Returns undefined for EPERM and EACCES without a known reason: then the diagnosis
 * of the refusal itself is used, which looks for missing rights.
 */
function diagnose(
  { call, errno }: SyscallError,
  subject: string,
  reason: string | undefined,
  { found }: Omit<Hook, "programTypes">,
): Diagnosis | undefined {
  if (reason === undefined && (errno === Errno.EPERM || errno === Errno.EACCES)) return undefined;
  const facts = {
    reason: `${subject}: ${reason ?? errnoText(errno)}`,
    command: commandOf(call),
    errno: errnoName(errno),
  };
  return diagnosisOf(KIND_OF_ERRNO[errno] ?? "attach-refused", facts, { found: found?.() });
}

function misfitError(message: string, cause?: unknown): UsageError {
  const diagnose = (): Diagnosis => diagnosisOf("attach-misfit", { reason: message });
  return new UsageError(message, cause === undefined ? { diagnose } : { cause, diagnose });
}

function subjectOf({ name, attachType }: Omit<Hook, "programTypes">, program: Program | undefined): string {
  const as = attachType === undefined ? "" : ` as ${typeText(attachType)}`;
  return program === undefined
    ? `the programs at ${name}${as} cannot be listed`
    : `${program.what} (${program.typeName}) cannot be attached to ${name}${as}`;
}

/**
 * Returns a reason if the program was loaded for an attach type that does not fit the hook. Otherwise returns
 * undefined.
 */
function wrongAttachType({ origin }: Program, loadedFor: Hook["loadedFor"]): string | undefined {
  // If this process loaded the program without an attach type, the type is 0. If another process loaded the program,
  // its attach type is not known.
  const own = origin.attachType ?? (origin.sectionName === undefined ? undefined : 0);
  if (own === undefined || loadedFor === undefined || loadedFor.includes(own)) return undefined;
  return `it was loaded for ${loadedText(own)}, but this hook takes programs loaded for ${loadedFor.map(loadedText).join(" or ")}`;
}

function loadedText(type: BpfAttachType): string {
  return type === 0 ? "no attach type" : typeText(type);
}

function typeText(type: BpfAttachType): string {
  return attachTypeName(type) ?? `attach type ${type}`;
}

/** Returns true if the error may mean that the kernel is too old for a feature, so that the caller can fall back. */
export function isTooOldFor(name: FeatureName, error: unknown): boolean {
  return error instanceof SyscallError && error.errno === Errno.EINVAL && featureLack(name)?.kind === "version";
}

/**
 * Returns the section of a program, which errors use as the name of its hook. Returns `otherwise` if this process did
 * not load the program.
 */
export function sectionOf(program: Program, otherwise: string): string {
  return program.origin.sectionName?.replace(/^\?/, "") ?? otherwise;
}
