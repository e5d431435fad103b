import { Errno, NotSupportedError, SyscallError, UsageError } from "../../errors/index.ts";
import { feature, type OptionTable, required } from "../../kernel/index.ts";
import { Program } from "../../program/index.ts";
import {
  addClsact,
  bpfFilterProgram,
  deleteBpfFilter,
  deleteClsact,
  setBpfFilter,
  type TcFilter,
} from "../../sys/index.ts";
import { BpfLinkType, BpfProgType, TcHandle } from "../../uapi/index.ts";
import { checkArguments } from "../attach-arguments.ts";
import { Attachment } from "../attachment.ts";
import { findDevice, missingDevice } from "../device.ts";
import { explained, type Hook, requireType } from "../hook.ts";
import { directionOf } from "./tcx.ts";

/** Where to attach a program as a tc filter of a network device, and its place among the filters. */
export interface TcPlace {
  /** The device's name in this network namespace, such as `eth0`, or its index. */
  readonly device: string | number;
  /** Incoming or outgoing packets. Default: the direction for which the program was loaded, or else ingress. */
  readonly direction?: "ingress" | "egress" | undefined;
  /**
   * The priority, 1 to 65535. Filters with lower numbers run first. Default: the kernel chooses a number below those of
   * all present filters.
   */
  readonly priority?: number | undefined;
  /** The filter's number within its priority. Default: the kernel chooses one. */
  readonly handle?: number | undefined;
  /** Replace the filter that has this priority and handle. */
  readonly replace?: boolean | undefined;
}

const OPTIONS: OptionTable<TcPlace> = {
  device: required("any"),
  direction: ["ingress", "egress"],
  priority: "natural",
  handle: "natural",
  replace: "boolean",
};

/**
 * Attaches a sched_cls program to a network device as a filter of the clsact qdisc (4.5; needs CAP_NET_ADMIN). Adds the
 * qdisc if it is missing. Use this function on kernels without tcx links ({@link attachTcx}). The filter outlives the
 * process, unless the attachment is closed or detached. The qdisc stays, because other filters may use it; {@link
 * removeClsact} removes it. The program returns the action: TC_ACT_OK (0), TC_ACT_SHOT (2), or TC_ACT_UNSPEC (-1),
 * which continues with the next filter.
 */
export function attachTc(program: Program, place: TcPlace): Attachment {
  checkArguments("attachTc", program, place, OPTIONS);
  const { ifindex, what: device } = findDevice(place.device);
  const direction = place.direction ?? directionOf(program);
  const hook: Hook = {
    name: `${device} as ${direction} filter`,
    programTypes: [BpfProgType.BPF_PROG_TYPE_SCHED_CLS],
    explain: (refusal) => reasonOf(refusal, ifindex),
  };
  requireType(program, hook);
  const { priority = 0, handle = 0, replace } = place;
  if (priority > 0xffff) throw new UsageError(`${hook.name}: the priority must be from 1 to 65535, not ${priority}`);
  if (handle > 0xffffffff) throw new UsageError(`${hook.name}: the handle must be below 2^32, not ${handle}`);
  if (replace === true && (priority === 0 || handle === 0)) {
    throw new UsageError(
      `${hook.name}: the option 'replace' needs the priority and the handle of the filter to replace`,
    );
  }
  const set = (one: Program, filter: TcFilter, options: { replace?: boolean | undefined }): TcFilter =>
    explained(one, hook, () => setBpfFilter({ ...filter, progFd: one.fd, name: one.name }, options));
  explained(program, hook, () => addClsact(ifindex));
  const parent = direction === "egress" ? TcHandle.TC_H_CLSACT_EGRESS : TcHandle.TC_H_CLSACT_INGRESS;
  const filter = set(program, { ifindex, parent, priority, handle }, { replace });
  let { id } = program;
  return new Attachment({
    what: `attachment of ${program.what} to ${hook.name}`,
    type: BpfLinkType.BPF_LINK_TYPE_TCX,
    linkFeature: "link:tcx",
    end: () => {
      // Another process may have replaced the program in the filter. Do not delete the filter in this case.
      if (bpfFilterProgram(filter) === id) deleteBpfFilter(filter);
    },
    update: (next, { old }) => {
      if (!(next instanceof Program)) throw new UsageError(`${next.what} is not a program`);
      if (old !== undefined) throw cannotCompare();
      set(next, filter, { replace: true });
      id = next.id;
    },
  });
}

/**
 * Removes the clsact qdisc from a network device, with all filters of all users. Does nothing if the device has no
 * clsact qdisc.
 */
export function removeClsact(device: string | number): void {
  const { ifindex, what: subject } = findDevice(device);
  try {
    deleteClsact(ifindex);
  } catch (error) {
    if (!(error instanceof SyscallError)) throw error;
    const { call, errno } = error;
    const reason = missingDevice(errno, ifindex);
    if (reason === undefined && (errno === Errno.ENOENT || errno === Errno.EINVAL)) return;
    throw new SyscallError({ call, errno, subject, reason, hint: error.hint }, { cause: error });
  }
}

function cannotCompare(): NotSupportedError {
  return new NotSupportedError({
    feature: "replacing a program only if a given program is attached",
    minVersion: feature("link:tcx").since,
    detail: "the kernel replaces a filter without checking its program",
  });
}

function reasonOf({ call, errno }: SyscallError, ifindex: number): string | undefined {
  const isFilter = call === "RTM_NEWTFILTER";
  if (errno === Errno.EEXIST && isFilter) {
    return "a filter with this priority and handle exists already; the option 'replace' replaces it";
  }
  if (errno !== Errno.ENOENT) return missingDevice(errno, ifindex);
  return `the kernel must be built with ${isFilter ? "CONFIG_NET_CLS_BPF" : "CONFIG_NET_SCH_INGRESS and CONFIG_NET_CLS_ACT"}`;
}
