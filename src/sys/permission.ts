import { SyscallError } from "../errors/index.ts";
import { diagnoseErrno } from "../explain/index.ts";
import { progTypeName } from "../uapi/index.ts";
import { type Capability, hasCapability } from "./capabilities.ts";
import {
  neededCapabilities,
  type PermissionContext,
  permissionCause,
  subjectOfPermission,
  TRAMPOLINE,
} from "./permission-cause.ts";
import { diagnosePermission } from "./permission-diagnosis.ts";
import { lockdown, unprivilegedBpfDisabled } from "./running-kernel.ts";

export type { PermissionContext } from "./permission-cause.ts";

/** Returns a sentence that says why the kernel returned EPERM or EACCES, and what would help. */
export function explainPermission(errno: number, context: PermissionContext = {}): string | undefined {
  const cause = permissionCause(errno, context);
  switch (cause?.kind) {
    case "capabilities":
      return missingText(cause.missing, context);
    case "user namespace":
      return "capabilities of a user namespace do not count for bpf(2): use a BPF token (Linux 6.9), or run in the initial user namespace";
    case "memlock":
      return "kernels before 5.11 charge BPF memory to RLIMIT_MEMLOCK: raise this limit with `ulimit -l unlimited`, or run with CAP_SYS_RESOURCE";
    case "policy":
      return refusedText(context);
    default:
      return undefined;
  }
}

function missingText(names: readonly Capability[], context: PermissionContext): string {
  const subject = subjectOfPermission(context);
  const [are, them] = names.length > 1 ? ["are", "these capabilities"] : ["is", "this capability"];
  const sysctl = unprivilegedBpfDisabled();
  const disabled =
    neededCapabilities(context).includes("CAP_BPF") && !hasCapability("CAP_BPF") && sysctl !== undefined && sysctl !== 0
      ? ` (kernel.unprivileged_bpf_disabled is ${sysctl})`
      : "";
  const of = subject === undefined ? "" : ` for ${subject}`;
  return `${names.join(" and ")} ${are} missing${of}${disabled}: run as root, or grant ${them}`;
}

function refusedText(context: PermissionContext): string | undefined {
  const mode = lockdown();
  const lockdownText = mode === undefined || mode === "none" ? "" : ` (kernel lockdown is "${mode}")`;
  if (context.progType !== undefined && TRAMPOLINE.has(context.progType)) {
    return `no capability is missing: this kernel itself refuses ${progTypeName(context.progType)} programs on a trampoline${lockdownText}`;
  }
  return `no capability is missing: the kernel or one of its security modules refuses the call${lockdownText}`;
}

/** Makes a SyscallError for a system call. If capabilities are missing, the hint names them. */
export function fail(
  call: string,
  errno: number,
  context: PermissionContext & { subject?: string } = {},
): SyscallError {
  const hint = explainPermission(errno, context);
  return new SyscallError(
    { call, errno, subject: context.subject, hint },
    { diagnose: () => diagnosePermission(call, errno, context) ?? diagnoseErrno(call, errno) },
  );
}

/**
 * Converts an error of Node's file functions to a SyscallError about `subject`, such as a path. `context` contains the
 * capabilities that the call needs. Returns all other errors unchanged.
 */
export function nodeError(error: unknown, subject: string, context: PermissionContext = {}): unknown {
  const { errno, syscall } = error as NodeJS.ErrnoException;
  if (errno === undefined || syscall === undefined) return error;
  const hint = explainPermission(Math.abs(errno), context);
  return new SyscallError(
    { call: syscall, errno: Math.abs(errno), subject, hint },
    { cause: error, diagnose: () => diagnosePermission(syscall, Math.abs(errno), context) },
  );
}

/** Calls a function of node:fs, and converts its error by {@link nodeError}. */
export function withNodeError<T>(subject: string, call: () => T, context?: PermissionContext): T {
  try {
    return call();
  } catch (error) {
    throw nodeError(error, subject, context);
  }
}
