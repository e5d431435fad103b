import { Errno, SyscallError } from "../errors/index.ts";
import { checkU16 } from "../layout/index.ts";
import { NlFlag, TCA_BPF_FLAG_ACT_DIRECT, TcAttribute, TcHandle, Tcmsg } from "../uapi/index.ts";
import { routeRequest } from "./netlink.ts";
import { parseTcBpfFilter } from "./network-listing.ts";

/** ETH_P_ALL in network byte order: a filter for every protocol. */
const ALL_PROTOCOLS = 0x0300;

/** A filter of the clsact qdisc of a network device. */
export interface TcFilter {
  readonly ifindex: number;
  /** The direction of the packets: TC_H_CLSACT_INGRESS or TC_H_CLSACT_EGRESS. */
  readonly parent: number;
  /**
   * The priority, 1 to 65535. Filters run in the order of their priorities. Filters of one priority run in the order of
   * their handles.
   */
  readonly priority: number;
  readonly handle: number;
}

/** A filter to add. If the priority or the handle is 0, the kernel chooses it. */
export interface NewTcFilter extends TcFilter {
  readonly progFd: number;
  /** The name that `tc filter show` prints. */
  readonly name: string;
}

/** Adds the clsact qdisc to a network device. Returns false if the device already has it. Throws SyscallError. */
export function addClsact(ifindex: number): boolean {
  try {
    routeRequest({
      type: "RTM_NEWQDISC",
      flags: NlFlag.NLM_F_CREATE | NlFlag.NLM_F_EXCL,
      header: Tcmsg.alloc({ tcm_ifindex: ifindex, tcm_handle: 0xffff0000, tcm_parent: TcHandle.TC_H_CLSACT }),
      attributes: [[TcAttribute.TCA_KIND, "clsact"]],
    });
    return true;
  } catch (error) {
    if (error instanceof SyscallError && error.errno === Errno.EEXIST) return false;
    throw error;
  }
}

/** Removes the clsact qdisc from a device, with all its filters. Throws SyscallError. */
export function deleteClsact(ifindex: number): void {
  routeRequest({
    type: "RTM_DELQDISC",
    header: Tcmsg.alloc({ tcm_ifindex: ifindex, tcm_handle: 0xffff0000, tcm_parent: TcHandle.TC_H_CLSACT }),
    attributes: [[TcAttribute.TCA_KIND, "clsact"]],
  });
}

/**
 * Adds a filter with a sched_cls program, or replaces a filter. Returns the filter with the priority and handle that
 * the kernel chose.
 */
export function setBpfFilter(filter: NewTcFilter, options: { replace?: boolean | undefined } = {}): TcFilter {
  const { ifindex, parent } = filter;
  const mode = options.replace === true ? NlFlag.NLM_F_REPLACE : NlFlag.NLM_F_EXCL;
  const answers = routeRequest({
    type: "RTM_NEWTFILTER",
    flags: NlFlag.NLM_F_CREATE | NlFlag.NLM_F_ECHO | mode,
    header: header(filter),
    attributes: [
      [TcAttribute.TCA_KIND, "bpf"],
      [
        TcAttribute.TCA_OPTIONS,
        [
          [TcAttribute.TCA_BPF_FD, filter.progFd],
          [TcAttribute.TCA_BPF_NAME, filter.name],
          [TcAttribute.TCA_BPF_FLAGS, TCA_BPF_FLAG_ACT_DIRECT],
        ],
      ],
    ],
  });
  const made = tcmsg(answers);
  return { ifindex, parent, priority: made.tcm_info >>> 16, handle: made.tcm_handle };
}

/** Deletes a filter. Throws SyscallError. */
export function deleteBpfFilter(filter: TcFilter): void {
  routeRequest({ type: "RTM_DELTFILTER", header: header(filter), attributes: [[TcAttribute.TCA_KIND, "bpf"]] });
}

/** Returns the id of a filter's program; undefined if there is no such filter. */
export function bpfFilterProgram(filter: TcFilter): number | undefined {
  let answers: Uint8Array[];
  try {
    answers = routeRequest({
      type: "RTM_GETTFILTER",
      header: header(filter),
      attributes: [[TcAttribute.TCA_KIND, "bpf"]],
    });
  } catch (error) {
    if (error instanceof SyscallError && GONE.has(error.errno)) return undefined;
    throw error;
  }
  const [answer] = answers;
  return answer && parseTcBpfFilter(answer)?.prog_id;
}

/** The errnos that mean that the filter, its qdisc (EINVAL on 5.10) or its device does not exist. */
const GONE: ReadonlySet<number> = new Set([Errno.ENOENT, Errno.EINVAL, Errno.ENODEV]);

function header({ ifindex, parent, priority, handle }: TcFilter): DataView {
  return Tcmsg.alloc({
    tcm_ifindex: ifindex,
    tcm_parent: parent,
    tcm_handle: handle,
    tcm_info: ((checkU16(priority, "priority") << 16) | ALL_PROTOCOLS) >>> 0,
  });
}

function tcmsg([answer]: readonly Uint8Array[]): { readonly tcm_handle: number; readonly tcm_info: number } {
  if (answer === undefined) throw new SyscallError({ call: "RTM_NEWTFILTER", errno: Errno.EPROTO });
  return Tcmsg.view(new DataView(answer.buffer, answer.byteOffset, answer.byteLength));
}
