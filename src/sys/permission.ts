import { Errno, SyscallError } from "../errors/index.ts";
import { BpfMapType, BpfProgType, mapTypeName, progTypeName } from "../uapi/index.ts";
import { type Capability, effectiveCapabilities, hasCapability, inInitialUserNamespace } from "./capabilities.ts";
import { kernelAtLeast, lockdown, unprivilegedBpfDisabled } from "./running-kernel.ts";

/** The properties of a call that decide which capabilities it needs. */
export interface PermissionContext {
  /** The type of the program to load or attach. */
  readonly progType?: BpfProgType | undefined;
  /** The type of the map to create. */
  readonly mapType?: BpfMapType | undefined;
  /** Capabilities that the call needs for every type of program or map. */
  readonly needs?: readonly Capability[] | undefined;
  /** True if the call charges RLIMIT_MEMLOCK on kernels before 5.11. */
  readonly memlock?: boolean | undefined;
}

const t = BpfProgType;
// The program types that need CAP_NET_ADMIN, and those that need CAP_PERFMON (is_net_admin_prog_type() and
// is_perfmon_prog_type() in kernel/bpf/syscall.c).
const NET_ADMIN: ReadonlySet<number> = new Set([
  t.BPF_PROG_TYPE_SCHED_CLS,
  t.BPF_PROG_TYPE_SCHED_ACT,
  t.BPF_PROG_TYPE_XDP,
  t.BPF_PROG_TYPE_LWT_IN,
  t.BPF_PROG_TYPE_LWT_OUT,
  t.BPF_PROG_TYPE_LWT_XMIT,
  t.BPF_PROG_TYPE_LWT_SEG6LOCAL,
  t.BPF_PROG_TYPE_SK_SKB,
  t.BPF_PROG_TYPE_SK_MSG,
  t.BPF_PROG_TYPE_FLOW_DISSECTOR,
  t.BPF_PROG_TYPE_CGROUP_DEVICE,
  t.BPF_PROG_TYPE_CGROUP_SOCK,
  t.BPF_PROG_TYPE_CGROUP_SOCK_ADDR,
  t.BPF_PROG_TYPE_CGROUP_SOCKOPT,
  t.BPF_PROG_TYPE_CGROUP_SYSCTL,
  t.BPF_PROG_TYPE_SOCK_OPS,
  t.BPF_PROG_TYPE_EXT,
  t.BPF_PROG_TYPE_CGROUP_SKB,
  t.BPF_PROG_TYPE_SK_REUSEPORT,
  t.BPF_PROG_TYPE_NETFILTER,
]);
const PERFMON: ReadonlySet<number> = new Set([
  t.BPF_PROG_TYPE_KPROBE,
  t.BPF_PROG_TYPE_TRACEPOINT,
  t.BPF_PROG_TYPE_PERF_EVENT,
  t.BPF_PROG_TYPE_RAW_TRACEPOINT,
  t.BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE,
  t.BPF_PROG_TYPE_TRACING,
  t.BPF_PROG_TYPE_LSM,
  t.BPF_PROG_TYPE_STRUCT_OPS,
  t.BPF_PROG_TYPE_EXT,
]);
const TRAMPOLINE: ReadonlySet<number> = new Set([t.BPF_PROG_TYPE_TRACING, t.BPF_PROG_TYPE_LSM, t.BPF_PROG_TYPE_EXT]);
// The map types that map_create() in kernel/bpf/syscall.c allows without a capability, and the map types for which it
// needs CAP_NET_ADMIN.
const m = BpfMapType;
const UNPRIVILEGED_MAPS: ReadonlySet<number> = new Set([
  m.BPF_MAP_TYPE_ARRAY,
  m.BPF_MAP_TYPE_PERCPU_ARRAY,
  m.BPF_MAP_TYPE_PROG_ARRAY,
  m.BPF_MAP_TYPE_PERF_EVENT_ARRAY,
  m.BPF_MAP_TYPE_CGROUP_ARRAY,
  m.BPF_MAP_TYPE_ARRAY_OF_MAPS,
  m.BPF_MAP_TYPE_HASH,
  m.BPF_MAP_TYPE_PERCPU_HASH,
  m.BPF_MAP_TYPE_HASH_OF_MAPS,
  m.BPF_MAP_TYPE_RINGBUF,
  m.BPF_MAP_TYPE_USER_RINGBUF,
  m.BPF_MAP_TYPE_CGROUP_STORAGE,
  m.BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE,
]);
const NET_ADMIN_MAPS: ReadonlySet<number> = new Set([
  m.BPF_MAP_TYPE_SOCKMAP,
  m.BPF_MAP_TYPE_SOCKHASH,
  m.BPF_MAP_TYPE_DEVMAP,
  m.BPF_MAP_TYPE_DEVMAP_HASH,
  m.BPF_MAP_TYPE_XSKMAP,
]);

/** Returns the capabilities that a call needs (kernel/bpf/syscall.c). CAP_SYS_ADMIN includes all of them. */
export function neededCapabilities(context: PermissionContext): readonly Capability[] {
  const needs = new Set<Capability>(context.needs);
  if (context.progType !== undefined) {
    if (context.progType !== t.BPF_PROG_TYPE_SOCKET_FILTER || unprivilegedBpfDisabled() !== 0) needs.add("CAP_BPF");
    if (NET_ADMIN.has(context.progType)) needs.add("CAP_NET_ADMIN");
    if (PERFMON.has(context.progType)) needs.add("CAP_PERFMON");
  }
  if (context.mapType !== undefined) {
    if (!UNPRIVILEGED_MAPS.has(context.mapType) || unprivilegedBpfDisabled() !== 0) needs.add("CAP_BPF");
    if (NET_ADMIN_MAPS.has(context.mapType)) needs.add("CAP_NET_ADMIN");
  }
  return [...needs];
}

/**
 * Returns a sentence that explains EPERM or EACCES and says what would help. Returns undefined for other errors. It
 * also returns undefined if the cause cannot be determined, because it never guesses.
 */
export function explainPermission(errno: number, context: PermissionContext = {}): string | undefined {
  if (errno !== Errno.EPERM && errno !== Errno.EACCES) return undefined;
  // EACCES from the verifier is about the program's code, not about capabilities.
  if (errno === Errno.EACCES && context.progType !== undefined) return undefined;
  const needs = neededCapabilities(context);
  if (needs.length === 0 && context.memlock !== true) return undefined;
  const have = effectiveCapabilities();
  if (!hasCapability("CAP_SYS_ADMIN", have)) {
    const missing = needs.filter((name) => !hasCapability(name, have));
    if (missing.length > 0) return missingText(missing, context);
  }
  if (!inInitialUserNamespace()) {
    return "capabilities of a user namespace do not count for bpf(2): use a BPF token (Linux 6.9), or run in the initial user namespace";
  }
  if (context.memlock === true && !kernelAtLeast(5, 11) && !hasCapability("CAP_SYS_RESOURCE", have)) {
    return "kernels before 5.11 charge BPF memory to RLIMIT_MEMLOCK: raise this limit with `ulimit -l unlimited`, or run with CAP_SYS_RESOURCE";
  }
  return refusedText(context);
}

function missingText(missing: readonly Capability[], context: PermissionContext): string {
  const subject =
    context.progType !== undefined
      ? ` for ${progTypeName(context.progType) ?? `type ${context.progType}`} programs`
      : context.mapType !== undefined
        ? ` for ${mapTypeName(context.mapType) ?? `type ${context.mapType}`} maps`
        : "";
  // CAP_BPF and CAP_PERFMON exist since 5.8. Older kernels check CAP_SYS_ADMIN instead.
  const names = kernelAtLeast(5, 8) ? missing : ["CAP_SYS_ADMIN"];
  const [are, them] = names.length > 1 ? ["are", "these capabilities"] : ["is", "this capability"];
  const sysctl = unprivilegedBpfDisabled();
  const disabled =
    missing.includes("CAP_BPF") && sysctl !== undefined && sysctl !== 0
      ? ` (kernel.unprivileged_bpf_disabled is ${sysctl})`
      : "";
  return `${names.join(" and ")} ${are} missing${subject}${disabled}: run as root, or grant ${them}`;
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
  return new SyscallError({ call, errno, subject: context.subject, hint });
}

/**
 * Converts an error of Node's file functions to a SyscallError about `subject`, such as a path. `context` contains the
 * capabilities that the call needs. Returns all other errors unchanged.
 */
export function nodeError(error: unknown, subject: string, context: PermissionContext = {}): unknown {
  const { errno, syscall } = error as NodeJS.ErrnoException;
  if (errno === undefined || syscall === undefined) return error;
  const hint = explainPermission(Math.abs(errno), context);
  return new SyscallError({ call: syscall, errno: Math.abs(errno), subject, hint }, { cause: error });
}

/** Calls a function of node:fs, and converts its error by {@link nodeError}. */
export function withNodeError<T>(subject: string, call: () => T, context?: PermissionContext): T {
  try {
    return call();
  } catch (error) {
    throw nodeError(error, subject, context);
  }
}
