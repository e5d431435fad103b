import { didYouMean } from "../layout/index.ts";
import { BpfAttachType, BpfProgFlag, BpfProgType } from "../uapi/index.ts";

/**
 * Properties of a kind of section besides its program type and attach type. {@link SectionKind.traits} combines these
 * bits.
 */
export const SectionTrait = {
  /** The program can be loaded without its attach type. Kernels before 4.17 do not accept an attach type. */
  ATTACH_TYPE_OPTIONAL: 1,
  /** The program can be attached by BPF_PROG_ATTACH with this attach type. */
  ATTACHABLE: 2,
  /** The load needs the BTF id of the function or struct to which the program attaches. */
  ATTACH_BTF: 4,
  /** The program is loaded with BPF_F_SLEEPABLE. */
  SLEEPABLE: 8,
  /** The program is loaded with BPF_F_XDP_HAS_FRAGS. */
  XDP_FRAGS: 16,
  /** The program is loaded for a uprobe_multi link if the kernel has such links (6.6). */
  USDT: 32,
} as const;

/** How to attach a program whose section name contains all that is needed to attach it. */
export type AutoAttach =
  | "kprobe"
  | "uprobe"
  | "kprobe_multi"
  | "kprobe_session"
  | "uprobe_multi"
  | "ksyscall"
  | "usdt"
  | "tp"
  | "raw_tp"
  | "trace"
  | "tracing_multi"
  | "lsm"
  | "iter";

/** A row of the table of section names. */
export interface SectionKind {
  /** The name without the `+` that marks an {@link extensible} kind in the table. */
  readonly name: string;
  /** True if `/` and a target may follow the name. */
  readonly extensible: boolean;
  readonly type: BpfProgType;
  /** The expected attach type, if the name determines one. */
  readonly attachType: BpfAttachType | undefined;
  /** Bits of {@link SectionTrait}. */
  readonly traits: number;
  readonly autoAttach: AutoAttach | undefined;
}

const P = BpfProgType;
const A = BpfAttachType;
const T = SectionTrait;

type Row = readonly [
  pattern: string,
  type: BpfProgType,
  attachType: BpfAttachType | undefined,
  traits: number,
  autoAttach?: AutoAttach,
];

/** The names that libbpf 1.8 knows, in libbpf's order. The first row that matches wins. */
// biome-ignore format: a line for each row keeps the table readable
const TABLE: readonly Row[] = [
  ["socket", P.BPF_PROG_TYPE_SOCKET_FILTER, undefined, 0],
  ["sk_reuseport/migrate", P.BPF_PROG_TYPE_SK_REUSEPORT, A.BPF_SK_REUSEPORT_SELECT_OR_MIGRATE, T.ATTACHABLE],
  ["sk_reuseport", P.BPF_PROG_TYPE_SK_REUSEPORT, A.BPF_SK_REUSEPORT_SELECT, T.ATTACHABLE],
  ["kprobe+", P.BPF_PROG_TYPE_KPROBE, undefined, 0, "kprobe"],
  ["uprobe+", P.BPF_PROG_TYPE_KPROBE, undefined, 0, "uprobe"],
  ["uprobe.s+", P.BPF_PROG_TYPE_KPROBE, undefined, T.SLEEPABLE, "uprobe"],
  ["kretprobe+", P.BPF_PROG_TYPE_KPROBE, undefined, 0, "kprobe"],
  ["uretprobe+", P.BPF_PROG_TYPE_KPROBE, undefined, 0, "uprobe"],
  ["uretprobe.s+", P.BPF_PROG_TYPE_KPROBE, undefined, T.SLEEPABLE, "uprobe"],
  ["kprobe.multi+", P.BPF_PROG_TYPE_KPROBE, A.BPF_TRACE_KPROBE_MULTI, 0, "kprobe_multi"],
  ["kretprobe.multi+", P.BPF_PROG_TYPE_KPROBE, A.BPF_TRACE_KPROBE_MULTI, 0, "kprobe_multi"],
  ["kprobe.session+", P.BPF_PROG_TYPE_KPROBE, A.BPF_TRACE_KPROBE_SESSION, 0, "kprobe_session"],
  ["uprobe.multi+", P.BPF_PROG_TYPE_KPROBE, A.BPF_TRACE_UPROBE_MULTI, 0, "uprobe_multi"],
  ["uretprobe.multi+", P.BPF_PROG_TYPE_KPROBE, A.BPF_TRACE_UPROBE_MULTI, 0, "uprobe_multi"],
  ["uprobe.session+", P.BPF_PROG_TYPE_KPROBE, A.BPF_TRACE_UPROBE_SESSION, 0, "uprobe_multi"],
  ["uprobe.multi.s+", P.BPF_PROG_TYPE_KPROBE, A.BPF_TRACE_UPROBE_MULTI, T.SLEEPABLE, "uprobe_multi"],
  ["uretprobe.multi.s+", P.BPF_PROG_TYPE_KPROBE, A.BPF_TRACE_UPROBE_MULTI, T.SLEEPABLE, "uprobe_multi"],
  ["uprobe.session.s+", P.BPF_PROG_TYPE_KPROBE, A.BPF_TRACE_UPROBE_SESSION, T.SLEEPABLE, "uprobe_multi"],
  ["ksyscall+", P.BPF_PROG_TYPE_KPROBE, undefined, 0, "ksyscall"],
  ["kretsyscall+", P.BPF_PROG_TYPE_KPROBE, undefined, 0, "ksyscall"],
  ["usdt+", P.BPF_PROG_TYPE_KPROBE, undefined, T.USDT, "usdt"],
  ["usdt.s+", P.BPF_PROG_TYPE_KPROBE, undefined, T.USDT | T.SLEEPABLE, "usdt"],
  ["tc/ingress", P.BPF_PROG_TYPE_SCHED_CLS, A.BPF_TCX_INGRESS, 0],
  ["tc/egress", P.BPF_PROG_TYPE_SCHED_CLS, A.BPF_TCX_EGRESS, 0],
  ["tcx/ingress", P.BPF_PROG_TYPE_SCHED_CLS, A.BPF_TCX_INGRESS, 0],
  ["tcx/egress", P.BPF_PROG_TYPE_SCHED_CLS, A.BPF_TCX_EGRESS, 0],
  ["tc", P.BPF_PROG_TYPE_SCHED_CLS, undefined, 0],
  ["classifier", P.BPF_PROG_TYPE_SCHED_CLS, undefined, 0],
  ["action", P.BPF_PROG_TYPE_SCHED_ACT, undefined, 0],
  ["netkit/primary", P.BPF_PROG_TYPE_SCHED_CLS, A.BPF_NETKIT_PRIMARY, 0],
  ["netkit/peer", P.BPF_PROG_TYPE_SCHED_CLS, A.BPF_NETKIT_PEER, 0],
  ["tracepoint+", P.BPF_PROG_TYPE_TRACEPOINT, undefined, 0, "tp"],
  ["tp+", P.BPF_PROG_TYPE_TRACEPOINT, undefined, 0, "tp"],
  ["tracepoint.s+", P.BPF_PROG_TYPE_TRACEPOINT, undefined, T.SLEEPABLE, "tp"],
  ["tp.s+", P.BPF_PROG_TYPE_TRACEPOINT, undefined, T.SLEEPABLE, "tp"],
  ["raw_tracepoint+", P.BPF_PROG_TYPE_RAW_TRACEPOINT, undefined, 0, "raw_tp"],
  ["raw_tp+", P.BPF_PROG_TYPE_RAW_TRACEPOINT, undefined, 0, "raw_tp"],
  ["raw_tracepoint.s+", P.BPF_PROG_TYPE_RAW_TRACEPOINT, undefined, T.SLEEPABLE, "raw_tp"],
  ["raw_tp.s+", P.BPF_PROG_TYPE_RAW_TRACEPOINT, undefined, T.SLEEPABLE, "raw_tp"],
  ["raw_tracepoint.w+", P.BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE, undefined, 0, "raw_tp"],
  ["raw_tp.w+", P.BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE, undefined, 0, "raw_tp"],
  ["tp_btf+", P.BPF_PROG_TYPE_TRACING, A.BPF_TRACE_RAW_TP, T.ATTACH_BTF, "trace"],
  ["tp_btf.s+", P.BPF_PROG_TYPE_TRACING, A.BPF_TRACE_RAW_TP, T.ATTACH_BTF | T.SLEEPABLE, "trace"],
  ["fentry+", P.BPF_PROG_TYPE_TRACING, A.BPF_TRACE_FENTRY, T.ATTACH_BTF, "trace"],
  ["fmod_ret+", P.BPF_PROG_TYPE_TRACING, A.BPF_MODIFY_RETURN, T.ATTACH_BTF, "trace"],
  ["fexit+", P.BPF_PROG_TYPE_TRACING, A.BPF_TRACE_FEXIT, T.ATTACH_BTF, "trace"],
  ["fentry.s+", P.BPF_PROG_TYPE_TRACING, A.BPF_TRACE_FENTRY, T.ATTACH_BTF | T.SLEEPABLE, "trace"],
  ["fmod_ret.s+", P.BPF_PROG_TYPE_TRACING, A.BPF_MODIFY_RETURN, T.ATTACH_BTF | T.SLEEPABLE, "trace"],
  ["fexit.s+", P.BPF_PROG_TYPE_TRACING, A.BPF_TRACE_FEXIT, T.ATTACH_BTF | T.SLEEPABLE, "trace"],
  ["fsession+", P.BPF_PROG_TYPE_TRACING, A.BPF_TRACE_FSESSION, T.ATTACH_BTF, "trace"],
  ["fsession.s+", P.BPF_PROG_TYPE_TRACING, A.BPF_TRACE_FSESSION, T.ATTACH_BTF | T.SLEEPABLE, "trace"],
  ["fsession.multi+", P.BPF_PROG_TYPE_TRACING, A.BPF_TRACE_FSESSION_MULTI, 0, "tracing_multi"],
  ["fsession.multi.s+", P.BPF_PROG_TYPE_TRACING, A.BPF_TRACE_FSESSION_MULTI, T.SLEEPABLE, "tracing_multi"],
  ["fentry.multi+", P.BPF_PROG_TYPE_TRACING, A.BPF_TRACE_FENTRY_MULTI, 0, "tracing_multi"],
  ["fexit.multi+", P.BPF_PROG_TYPE_TRACING, A.BPF_TRACE_FEXIT_MULTI, 0, "tracing_multi"],
  ["fentry.multi.s+", P.BPF_PROG_TYPE_TRACING, A.BPF_TRACE_FENTRY_MULTI, T.SLEEPABLE, "tracing_multi"],
  ["fexit.multi.s+", P.BPF_PROG_TYPE_TRACING, A.BPF_TRACE_FEXIT_MULTI, T.SLEEPABLE, "tracing_multi"],
  ["freplace+", P.BPF_PROG_TYPE_EXT, undefined, T.ATTACH_BTF, "trace"],
  ["lsm+", P.BPF_PROG_TYPE_LSM, A.BPF_LSM_MAC, T.ATTACH_BTF, "lsm"],
  ["lsm.s+", P.BPF_PROG_TYPE_LSM, A.BPF_LSM_MAC, T.ATTACH_BTF | T.SLEEPABLE, "lsm"],
  ["lsm_cgroup+", P.BPF_PROG_TYPE_LSM, A.BPF_LSM_CGROUP, T.ATTACH_BTF],
  ["iter+", P.BPF_PROG_TYPE_TRACING, A.BPF_TRACE_ITER, T.ATTACH_BTF, "iter"],
  ["iter.s+", P.BPF_PROG_TYPE_TRACING, A.BPF_TRACE_ITER, T.ATTACH_BTF | T.SLEEPABLE, "iter"],
  ["syscall", P.BPF_PROG_TYPE_SYSCALL, undefined, T.SLEEPABLE],
  ["xdp.frags/devmap", P.BPF_PROG_TYPE_XDP, A.BPF_XDP_DEVMAP, T.XDP_FRAGS],
  ["xdp/devmap", P.BPF_PROG_TYPE_XDP, A.BPF_XDP_DEVMAP, T.ATTACHABLE],
  ["xdp.frags/cpumap", P.BPF_PROG_TYPE_XDP, A.BPF_XDP_CPUMAP, T.XDP_FRAGS],
  ["xdp/cpumap", P.BPF_PROG_TYPE_XDP, A.BPF_XDP_CPUMAP, T.ATTACHABLE],
  ["xdp.frags", P.BPF_PROG_TYPE_XDP, A.BPF_XDP, T.XDP_FRAGS],
  ["xdp", P.BPF_PROG_TYPE_XDP, A.BPF_XDP, T.ATTACHABLE | T.ATTACH_TYPE_OPTIONAL],
  ["perf_event", P.BPF_PROG_TYPE_PERF_EVENT, undefined, 0],
  ["lwt_in", P.BPF_PROG_TYPE_LWT_IN, undefined, 0],
  ["lwt_out", P.BPF_PROG_TYPE_LWT_OUT, undefined, 0],
  ["lwt_xmit", P.BPF_PROG_TYPE_LWT_XMIT, undefined, 0],
  ["lwt_seg6local", P.BPF_PROG_TYPE_LWT_SEG6LOCAL, undefined, 0],
  ["sockops", P.BPF_PROG_TYPE_SOCK_OPS, A.BPF_CGROUP_SOCK_OPS, T.ATTACHABLE | T.ATTACH_TYPE_OPTIONAL],
  ["sk_skb/stream_parser", P.BPF_PROG_TYPE_SK_SKB, A.BPF_SK_SKB_STREAM_PARSER, T.ATTACHABLE | T.ATTACH_TYPE_OPTIONAL],
  ["sk_skb/stream_verdict", P.BPF_PROG_TYPE_SK_SKB, A.BPF_SK_SKB_STREAM_VERDICT, T.ATTACHABLE | T.ATTACH_TYPE_OPTIONAL],
  ["sk_skb/verdict", P.BPF_PROG_TYPE_SK_SKB, A.BPF_SK_SKB_VERDICT, T.ATTACHABLE | T.ATTACH_TYPE_OPTIONAL],
  ["sk_skb", P.BPF_PROG_TYPE_SK_SKB, undefined, 0],
  ["sk_msg", P.BPF_PROG_TYPE_SK_MSG, A.BPF_SK_MSG_VERDICT, T.ATTACHABLE | T.ATTACH_TYPE_OPTIONAL],
  ["lirc_mode2", P.BPF_PROG_TYPE_LIRC_MODE2, A.BPF_LIRC_MODE2, T.ATTACHABLE | T.ATTACH_TYPE_OPTIONAL],
  ["flow_dissector", P.BPF_PROG_TYPE_FLOW_DISSECTOR, A.BPF_FLOW_DISSECTOR, T.ATTACHABLE | T.ATTACH_TYPE_OPTIONAL],
  ["cgroup_skb/ingress", P.BPF_PROG_TYPE_CGROUP_SKB, A.BPF_CGROUP_INET_INGRESS, T.ATTACHABLE | T.ATTACH_TYPE_OPTIONAL],
  ["cgroup_skb/egress", P.BPF_PROG_TYPE_CGROUP_SKB, A.BPF_CGROUP_INET_EGRESS, T.ATTACHABLE | T.ATTACH_TYPE_OPTIONAL],
  ["cgroup/skb", P.BPF_PROG_TYPE_CGROUP_SKB, undefined, 0],
  ["cgroup/sock_create", P.BPF_PROG_TYPE_CGROUP_SOCK, A.BPF_CGROUP_INET_SOCK_CREATE, T.ATTACHABLE],
  ["cgroup/sock_release", P.BPF_PROG_TYPE_CGROUP_SOCK, A.BPF_CGROUP_INET_SOCK_RELEASE, T.ATTACHABLE],
  ["cgroup/sock", P.BPF_PROG_TYPE_CGROUP_SOCK, A.BPF_CGROUP_INET_SOCK_CREATE, T.ATTACHABLE | T.ATTACH_TYPE_OPTIONAL],
  ["cgroup/post_bind4", P.BPF_PROG_TYPE_CGROUP_SOCK, A.BPF_CGROUP_INET4_POST_BIND, T.ATTACHABLE],
  ["cgroup/post_bind6", P.BPF_PROG_TYPE_CGROUP_SOCK, A.BPF_CGROUP_INET6_POST_BIND, T.ATTACHABLE],
  ["cgroup/bind4", P.BPF_PROG_TYPE_CGROUP_SOCK_ADDR, A.BPF_CGROUP_INET4_BIND, T.ATTACHABLE],
  ["cgroup/bind6", P.BPF_PROG_TYPE_CGROUP_SOCK_ADDR, A.BPF_CGROUP_INET6_BIND, T.ATTACHABLE],
  ["cgroup/connect4", P.BPF_PROG_TYPE_CGROUP_SOCK_ADDR, A.BPF_CGROUP_INET4_CONNECT, T.ATTACHABLE],
  ["cgroup/connect6", P.BPF_PROG_TYPE_CGROUP_SOCK_ADDR, A.BPF_CGROUP_INET6_CONNECT, T.ATTACHABLE],
  ["cgroup/connect_unix", P.BPF_PROG_TYPE_CGROUP_SOCK_ADDR, A.BPF_CGROUP_UNIX_CONNECT, T.ATTACHABLE],
  ["cgroup/sendmsg4", P.BPF_PROG_TYPE_CGROUP_SOCK_ADDR, A.BPF_CGROUP_UDP4_SENDMSG, T.ATTACHABLE],
  ["cgroup/sendmsg6", P.BPF_PROG_TYPE_CGROUP_SOCK_ADDR, A.BPF_CGROUP_UDP6_SENDMSG, T.ATTACHABLE],
  ["cgroup/sendmsg_unix", P.BPF_PROG_TYPE_CGROUP_SOCK_ADDR, A.BPF_CGROUP_UNIX_SENDMSG, T.ATTACHABLE],
  ["cgroup/recvmsg4", P.BPF_PROG_TYPE_CGROUP_SOCK_ADDR, A.BPF_CGROUP_UDP4_RECVMSG, T.ATTACHABLE],
  ["cgroup/recvmsg6", P.BPF_PROG_TYPE_CGROUP_SOCK_ADDR, A.BPF_CGROUP_UDP6_RECVMSG, T.ATTACHABLE],
  ["cgroup/recvmsg_unix", P.BPF_PROG_TYPE_CGROUP_SOCK_ADDR, A.BPF_CGROUP_UNIX_RECVMSG, T.ATTACHABLE],
  ["cgroup/getpeername4", P.BPF_PROG_TYPE_CGROUP_SOCK_ADDR, A.BPF_CGROUP_INET4_GETPEERNAME, T.ATTACHABLE],
  ["cgroup/getpeername6", P.BPF_PROG_TYPE_CGROUP_SOCK_ADDR, A.BPF_CGROUP_INET6_GETPEERNAME, T.ATTACHABLE],
  ["cgroup/getpeername_unix", P.BPF_PROG_TYPE_CGROUP_SOCK_ADDR, A.BPF_CGROUP_UNIX_GETPEERNAME, T.ATTACHABLE],
  ["cgroup/getsockname4", P.BPF_PROG_TYPE_CGROUP_SOCK_ADDR, A.BPF_CGROUP_INET4_GETSOCKNAME, T.ATTACHABLE],
  ["cgroup/getsockname6", P.BPF_PROG_TYPE_CGROUP_SOCK_ADDR, A.BPF_CGROUP_INET6_GETSOCKNAME, T.ATTACHABLE],
  ["cgroup/getsockname_unix", P.BPF_PROG_TYPE_CGROUP_SOCK_ADDR, A.BPF_CGROUP_UNIX_GETSOCKNAME, T.ATTACHABLE],
  ["cgroup/sysctl", P.BPF_PROG_TYPE_CGROUP_SYSCTL, A.BPF_CGROUP_SYSCTL, T.ATTACHABLE],
  ["cgroup/getsockopt", P.BPF_PROG_TYPE_CGROUP_SOCKOPT, A.BPF_CGROUP_GETSOCKOPT, T.ATTACHABLE],
  ["cgroup/setsockopt", P.BPF_PROG_TYPE_CGROUP_SOCKOPT, A.BPF_CGROUP_SETSOCKOPT, T.ATTACHABLE],
  ["cgroup/dev", P.BPF_PROG_TYPE_CGROUP_DEVICE, A.BPF_CGROUP_DEVICE, T.ATTACHABLE | T.ATTACH_TYPE_OPTIONAL],
  ["struct_ops+", P.BPF_PROG_TYPE_STRUCT_OPS, undefined, 0],
  ["struct_ops.s+", P.BPF_PROG_TYPE_STRUCT_OPS, undefined, T.SLEEPABLE],
  ["sk_lookup", P.BPF_PROG_TYPE_SK_LOOKUP, A.BPF_SK_LOOKUP, T.ATTACHABLE],
  ["netfilter", P.BPF_PROG_TYPE_NETFILTER, A.BPF_NETFILTER, 0],
];

/** All rows, in the order in which a search tries them. */
export const SECTION_KINDS: readonly SectionKind[] = TABLE.map(([pattern, type, attachType, traits, autoAttach]) => {
  const extensible = pattern.endsWith("+");
  return { name: extensible ? pattern.slice(0, -1) : pattern, extensible, type, attachType, traits, autoAttach };
});

const BY_NAME: ReadonlyMap<string, SectionKind> = new Map(SECTION_KINDS.map((kind) => [kind.name, kind]));

/** The parts of a section name. */
export interface SectionName {
  /** The kind of the section; undefined for an unknown name. The caller must then set the program's type. */
  readonly kind: SectionKind | undefined;
  /** The target, which follows the kind's name and `/`. In `tp/sched/sched_switch` it is `sched/sched_switch`. */
  readonly attachTo: string;
  /** True if the program is loaded by default. False if the section name begins with `?`. */
  readonly autoload: boolean;
}

/** Splits the name of a program section as libbpf does. */
export function parseSectionName(name: string): SectionName {
  const autoload = !name.startsWith("?");
  const plain = autoload ? name : name.slice(1);
  const kind = findKind(plain);
  const attachTo = kind?.extensible === true ? plain.slice(kind.name.length + 1) : "";
  return { kind, attachTo, autoload };
}

/** Returns the kind for a section name, with or without a leading `?`. */
export function sectionKind(name: string): SectionKind | undefined {
  return parseSectionName(name).kind;
}

/** Returns the kind for `bpftool prog load … type NAME`. NAME is a section name, with or without a `/` at its end. */
export function sectionKindOfType(name: string): SectionKind | undefined {
  return findKind(name) ?? findKind(`${name}/`);
}

/**
 * Returns the end of an error message about an unknown section name: it suggests known names that are similar to the
 * whole name, or to the part before the first `/`. Returns "" if there are none.
 */
export function suggestSection(section: string): string {
  const name = section.replace(/^\?/, "");
  const names = SECTION_KINDS.map((kind) => kind.name);
  return didYouMean(name, names) || didYouMean(name.replace(/\/.*/, ""), names);
}

/** Returns the `prog_flags` for a kind. */
export function loadFlagsOf(kind: SectionKind): number {
  const sleepable = (kind.traits & T.SLEEPABLE) !== 0 ? BpfProgFlag.BPF_F_SLEEPABLE : 0;
  return sleepable | ((kind.traits & T.XDP_FRAGS) !== 0 ? BpfProgFlag.BPF_F_XDP_HAS_FRAGS : 0);
}

/**
 * Looks up a name: first the whole name, then the part before the first `/`. libbpf instead searches the table from its
 * start. Both find the same row, because no two rows have the same name and no extensible name contains a `/`.
 */
function findKind(name: string): SectionKind | undefined {
  const exact = BY_NAME.get(name);
  if (exact !== undefined) return exact;
  const slash = name.indexOf("/");
  const kind = slash < 0 ? undefined : BY_NAME.get(name.slice(0, slash));
  return kind?.extensible === true ? kind : undefined;
}
