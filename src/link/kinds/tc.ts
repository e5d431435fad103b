import { Errno, NotSupportedError, SyscallError, UsageError } from "../../errors/index.ts";
import type { BpfMap } from "../../map/index.ts";
import { Program } from "../../program/index.ts";
import {
  addClsact,
  bpfFilterProgram,
  deleteBpfFilter,
  deleteClsact,
  setBpfFilter,
  type TcFilter,
} from "../../sys/index.ts";
import { BpfAttachType, BpfLinkType, BpfProgType, TcHandle } from "../../uapi/index.ts";
import { Attachment } from "../attachment.ts";
import { deviceMeaning, findDevice } from "../device.ts";
import type { UpdateOptions } from "../link.ts";
import { requireType } from "../refusal.ts";

/** Where and in which order a program is a filter of a network device. */
export interface TcPlace {
  /** The device's name in this network namespace, such as `eth0`, or its index. */
  readonly device: string | number;
  /** What comes in or what goes out; what the program was loaded for where left out. */
  readonly direction?: "ingress" | "egress" | undefined;
  /** 1 to 65535; filters with a lower one run first. Chosen by the kernel where left out: the first so far. */
  readonly priority?: number | undefined;
  /** The filter's number within its priority; chosen by the kernel where left out. */
  readonly handle?: number | undefined;
  /** Takes the place of the filter with this priority and handle. */
  readonly replace?: boolean | undefined;
}

/**
 * Attaches a sched_cls program to a network device as a filter of its clsact queueing discipline, which is made where
 * it is missing (4.5): the way for kernels without tcx links, {@link attachTcx}. It outlives the process unless it is
 * closed or detached; the queueing discipline stays, for others may use it ({@link removeClsact}). The program's result
 * is the action: TC_ACT_OK (0), TC_ACT_SHOT (2), TC_ACT_UNSPEC (-1) for the next filter. Needs CAP_NET_ADMIN.
 */
export function attachTc(program: Program, place: TcPlace): Attachment {
  const { ifindex, what: device } = findDevice(place.device);
  requireType(program, "a filter of a network device", BpfProgType.BPF_PROG_TYPE_SCHED_CLS);
  const { priority = 0, handle = 0, replace } = place;
  if (replace === true && (priority === 0 || handle === 0)) {
    throw new UsageError("say the priority and the handle of the filter to replace");
  }
  const egress = (place.direction ?? ownDirection(program)) === "egress";
  const parent = egress ? TcHandle.TC_H_CLSACT_EGRESS : TcHandle.TC_H_CLSACT_INGRESS;
  const what = `${egress ? "egress" : "ingress"} filter of ${device}`;
  const set = (one: Program, filter: TcFilter, options: { replace?: boolean | undefined }): TcFilter =>
    explained(one, what, ifindex, () => setBpfFilter({ ...filter, progFd: one.fd, name: one.name }, options));
  explained(program, what, ifindex, () => addClsact(ifindex));
  const filter = set(program, { ifindex, parent, priority, handle }, { replace });
  let { id } = program;
  return new Attachment({
    what: `attachment of ${program.what} as ${what}`,
    type: BpfLinkType.BPF_LINK_TYPE_TCX,
    since: "6.6",
    end: () => {
      // Not what somebody else has put in its place meanwhile.
      if (bpfFilterProgram(filter) === id) deleteBpfFilter(filter);
    },
    update: (next, options) => {
      checkUpdate(next, options);
      set(next as Program, filter, { replace: true });
      id = (next as Program).id;
    },
  });
}

/**
 * Takes the clsact queueing discipline off a network device, and with it all its filters, whoever made them; nothing
 * happens where there is none.
 */
export function removeClsact(device: string | number): void {
  const { ifindex, what } = findDevice(device);
  try {
    deleteClsact(ifindex);
  } catch (error) {
    if (!(error instanceof SyscallError)) throw error;
    const { call, errno } = error;
    const hint = deviceMeaning(errno, ifindex);
    if (hint === undefined && (errno === Errno.ENOENT || errno === Errno.EINVAL)) return;
    throw new SyscallError({ call, errno, subject: what, hint: hint ?? error.hint }, { cause: error });
  }
}

function ownDirection({ origin }: Program): "ingress" | "egress" {
  return origin.attachType === BpfAttachType.BPF_TCX_EGRESS ? "egress" : "ingress";
}

function checkUpdate(next: Program | BpfMap, { old }: UpdateOptions): void {
  if (!(next instanceof Program)) throw new UsageError(`${next.what} is not a program`);
  requireType(next, "a filter of a network device", BpfProgType.BPF_PROG_TYPE_SCHED_CLS);
  if (old === undefined) return;
  const detail = "a filter is replaced whatever it is";
  throw new NotSupportedError({ feature: "comparing with an old program", minVersion: "6.6", detail });
}

function explained<T>(program: Program, what: string, ifindex: number, call: () => T): T {
  try {
    return call();
  } catch (error) {
    if (!(error instanceof SyscallError)) throw error;
    const subject = `${program.what} (${program.typeName}) cannot be attached as ${what}`;
    const hint = meaning(error, ifindex) ?? error.hint;
    throw new SyscallError({ call: error.call, errno: error.errno, subject, hint }, { cause: error });
  }
}

function meaning({ call, errno }: SyscallError, ifindex: number): string | undefined {
  const isFilter = call === "RTM_NEWTFILTER";
  if (errno === Errno.EEXIST && isFilter) return "there is a filter with this priority and handle: replace it";
  if (errno !== Errno.ENOENT) return deviceMeaning(errno, ifindex);
  return `the kernel must be built with ${isFilter ? "CONFIG_NET_CLS_BPF" : "CONFIG_NET_SCH_INGRESS and CONFIG_NET_CLS_ACT"}`;
}
