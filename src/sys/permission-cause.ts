import { Errno } from "../errors/index.ts";
import { BpfMapType, BpfProgType, mapTypeName, progTypeName } from "../uapi/index.ts";
import { type Capability, effectiveCapabilities, hasCapability, inInitialUserNamespace } from "./capabilities.ts";
import { kernelAtLeast, unprivilegedBpfDisabled } from "./running-kernel.ts";

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
/** The program types that run on a trampoline. */
export const TRAMPOLINE: ReadonlySet<number> = new Set([
  t.BPF_PROG_TYPE_TRACING,
  t.BPF_PROG_TYPE_LSM,
  t.BPF_PROG_TYPE_EXT,
]);
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

/** Why the kernel returned EPERM or EACCES, as far as this process can find out. */
export type PermissionCause =
  | { readonly kind: "capabilities"; readonly missing: readonly Capability[] }
  | { readonly kind: "user namespace" }
  | { readonly kind: "memlock" }
  /** No capability is missing: the kernel, a security module or a seccomp filter refuses the call. */
  | { readonly kind: "policy" };

/**
 * Finds out why the kernel returned EPERM or EACCES. Returns undefined for other errors. It also returns undefined if
 * the cause cannot be determined, because it never guesses.
 */
export function permissionCause(errno: number, context: PermissionContext = {}): PermissionCause | undefined {
  if (errno !== Errno.EPERM && errno !== Errno.EACCES) return undefined;
  // EACCES from the verifier is about the program's code, not about capabilities.
  if (errno === Errno.EACCES && context.progType !== undefined) return undefined;
  const needs = neededCapabilities(context);
  if (needs.length === 0 && context.memlock !== true) return undefined;
  const have = effectiveCapabilities();
  if (!hasCapability("CAP_SYS_ADMIN", have)) {
    const missing = needs.filter((name) => !hasCapability(name, have));
    // CAP_BPF and CAP_PERFMON exist since 5.8. Older kernels check CAP_SYS_ADMIN instead.
    if (missing.length > 0) return { kind: "capabilities", missing: kernelAtLeast(5, 8) ? missing : ["CAP_SYS_ADMIN"] };
  }
  if (!inInitialUserNamespace()) return { kind: "user namespace" };
  if (context.memlock === true && !kernelAtLeast(5, 11) && !hasCapability("CAP_SYS_RESOURCE", have)) {
    return { kind: "memlock" };
  }
  return { kind: "policy" };
}

/** Returns the programs or maps that a call is about, for messages: `xdp programs`. */
export function subjectOfPermission({ progType, mapType }: PermissionContext): string | undefined {
  if (progType !== undefined) return `${progTypeName(progType) ?? `type ${progType}`} programs`;
  return mapType === undefined ? undefined : `${mapTypeName(mapType) ?? `type ${mapType}`} maps`;
}
