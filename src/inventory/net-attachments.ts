import { Errno, SyscallError } from "../errors/index.ts";
import { checkOptions, loadedBtf, type OptionTable, objectFds } from "../kernel/index.ts";
import { findDevice, inNetworkNamespace, type LinkInfoOf, queryPrograms, readLinkInfo } from "../link/index.ts";
import { fullProgramName } from "../program/index.ts";
import {
  closeFd,
  linkHead,
  type NetDevice,
  netDevices,
  type ProgQueryResult,
  progHead,
  progQuery,
  type TcBpfFilter,
  type TcNode,
  tcBpfFilters,
  tcClasses,
  tcDisciplines,
  tryProgGetFdById,
} from "../sys/index.ts";
import { BpfAttachType, BpfLinkType, TcHandle } from "../uapi/index.ts";

/** Options of {@link netAttachments}. */
export interface NetAttachmentsOptions {
  /** Only this device of the namespace, by name or index. Default: all devices. */
  readonly device?: string | number | undefined;
  /** The path or fd of a network namespace. Default: the namespace of the calling thread. */
  readonly netns?: string | number | undefined;
}

const OPTIONS: OptionTable<NetAttachmentsOptions> = { device: "any", netns: "any" };

/** The programs that a network namespace has at its hooks. */
export interface NetAttachments {
  readonly xdp: readonly XdpAttachment[];
  /** The programs of tcx, netkit and tc, device by device. */
  readonly tc: readonly (TcxAttachment | TcFilterAttachment)[];
  /** The id of the namespace's flow dissector program. */
  readonly flowDissector: number | undefined;
  /**
   * The netfilter links of all network namespaces, because the kernel does not report a link's namespace. Sorted by
   * family, hook, priority and flags.
   */
  readonly netfilter: readonly LinkInfoOf<"netfilter">[];
}

/** A device that has XDP programs. */
export interface XdpAttachment {
  readonly deviceName: string;
  readonly ifindex: number;
  /** The programs: one for each mode. */
  readonly programs: readonly { readonly mode: "generic" | "driver" | "offload"; readonly progId: number }[];
}

/** A program in a device's list of tcx or netkit programs. */
export interface TcxAttachment {
  readonly deviceName: string;
  readonly ifindex: number;
  readonly hook: "tcx/ingress" | "tcx/egress" | "netkit/primary" | "netkit/peer";
  readonly progId: number;
  /** The program's name. Undefined if it has no name, or if the program is gone. */
  readonly name: string | undefined;
  /** The id of the program's link; undefined if the program was attached without a link. */
  readonly linkId: number | undefined;
}

/** A tc filter of the kind `bpf`. */
export interface TcFilterAttachment {
  readonly deviceName: string;
  readonly ifindex: number;
  /** `clsact/ingress`, `clsact/egress`, or the kind of the queueing discipline or class that has the filter. */
  readonly hook: string;
  readonly priority: number;
  readonly handle: number;
  readonly name: string | undefined;
  readonly progId: number | undefined;
  /** The `bpf` actions that run if the filter matches. Undefined if the filter has no actions. */
  readonly actions: readonly { readonly name: string | undefined; readonly progId: number | undefined }[] | undefined;
}

/**
 * Lists the programs that are attached to network devices and network namespaces: XDP, tcx, netkit, tc filters and
 * their actions, the flow dissector, and netfilter. Needs CAP_NET_ADMIN, and CAP_SYS_ADMIN for netfilter. Throws
 * UsageError if the device or namespace does not exist.
 */
export function netAttachments(options: NetAttachmentsOptions = {}): NetAttachments {
  checkOptions("netAttachments", options, OPTIONS);
  const { device, netns } = options;
  return inNetworkNamespace(netns, () => {
    const wanted = device === undefined ? undefined : findDevice(device).ifindex;
    const flowDissector = flowDissectorId();
    const devices = netDevices().filter(({ ifindex }) => wanted === undefined || ifindex === wanted);
    const disciplines = tcDisciplines();
    return {
      xdp: devices.flatMap(xdpOf),
      tc: devices.flatMap((one) => [...listedPrograms(one), ...tcFilters(one, disciplines)]),
      flowDissector,
      netfilter: netfilterLinks(),
    };
  });
}

function flowDissectorId(): number | undefined {
  return queryPrograms({ netns: "self" }, "flow_dissector").programs[0]?.id;
}

function xdpOf({ name, ifindex, xdp }: NetDevice): XdpAttachment[] {
  if (xdp.length === 0) return [];
  return [{ deviceName: name, ifindex, programs: xdp.map(({ mode, prog_id }) => ({ mode, progId: prog_id })) }];
}

const LISTS = [
  { hook: "tcx/ingress", type: BpfAttachType.BPF_TCX_INGRESS },
  { hook: "tcx/egress", type: BpfAttachType.BPF_TCX_EGRESS },
  { hook: "netkit/primary", type: BpfAttachType.BPF_NETKIT_PRIMARY },
  { hook: "netkit/peer", type: BpfAttachType.BPF_NETKIT_PEER },
] as const;

function listedPrograms({ name: deviceName, ifindex }: NetDevice): TcxAttachment[] {
  return LISTS.flatMap(({ hook, type }) => {
    const { prog_ids, link_ids } = queryList(ifindex, type);
    return prog_ids.map((progId, i) => ({
      deviceName,
      ifindex,
      hook,
      progId,
      name: programName(progId),
      linkId: link_ids?.[i] || undefined,
    }));
  });
}

/**
 * The errnos that mean "there is no such list": the device cannot have one or is gone, or the kernel has no tcx
 * (EINVAL) or no netkit (EINVAL or EOPNOTSUPP).
 */
const NO_LIST: ReadonlySet<number> = new Set([
  Errno.EINVAL,
  Errno.ENODEV,
  Errno.ENOENT,
  Errno.ENXIO,
  Errno.EACCES,
  Errno.EOPNOTSUPP,
]);

function queryList(ifindex: number, type: BpfAttachType): Pick<ProgQueryResult, "prog_ids" | "link_ids"> {
  try {
    return progQuery(ifindex, type);
  } catch (error) {
    if (!(error instanceof SyscallError) || !NO_LIST.has(error.errno)) throw error;
    return { prog_ids: [], link_ids: undefined };
  }
}

function programName(id: number): string | undefined {
  const fd = tryProgGetFdById(id);
  if (fd < 0) return undefined;
  try {
    return fullProgramName(progHead(fd), fd, loadedBtf) || undefined;
  } finally {
    closeFd(fd);
  }
}

function* tcFilters(device: NetDevice, disciplines: readonly TcNode[]): Generator<TcFilterAttachment> {
  const { ifindex } = device;
  const own = disciplines.filter((one) => one.ifindex === ifindex);
  // A queueing discipline without a handle was made by default and cannot have filters.
  const withHandle = own.filter(({ kind, handle }) => handle !== 0 && kind !== "clsact");
  const isClassful = withHandle.some(({ kind }) => kind !== "ingress");
  for (const { kind, handle } of [...(isClassful ? tcClasses(ifindex) : []), ...withHandle]) {
    yield* filtersAt(device, kind ?? "unknown", handle);
  }
  if (!own.some(({ kind }) => kind === "clsact")) return;
  yield* filtersAt(device, "clsact/ingress", TcHandle.TC_H_CLSACT_INGRESS);
  yield* filtersAt(device, "clsact/egress", TcHandle.TC_H_CLSACT_EGRESS);
}

function filtersAt({ name: deviceName, ifindex }: NetDevice, hook: string, parent: number): TcFilterAttachment[] {
  return tcBpfFilters(ifindex, parent).map(({ priority, handle, name, prog_id, actions }: TcBpfFilter) => ({
    deviceName,
    ifindex,
    hook,
    priority,
    handle,
    name,
    progId: prog_id,
    actions: actions?.map((action) => ({ name: action.name, progId: action.prog_id })),
  }));
}

function netfilterLinks(): LinkInfoOf<"netfilter">[] {
  const found: LinkInfoOf<"netfilter">[] = [];
  for (const fd of objectFds("link")) {
    if (linkHead(fd).type !== BpfLinkType.BPF_LINK_TYPE_NETFILTER) continue;
    const info = readLinkInfo(fd);
    if (info.kind === "netfilter") found.push(info);
  }
  return found.sort((a, b) => a.pf - b.pf || a.hooknum - b.hooknum || a.priority - b.priority || a.flags - b.flags);
}
