import { type OptionTable, required } from "../../kernel/index.ts";
import type { Program } from "../../program/index.ts";
import { linkCreate } from "../../sys/index.ts";
import { BpfAttachType, BpfProgType } from "../../uapi/index.ts";
import { linkPosition, POSITION_OPTIONS, type Position, reasonInList } from "../anchor.ts";
import { checkArguments } from "../attach-arguments.ts";
import { findDevice, missingDevice } from "../device.ts";
import { attach } from "../hook.ts";
import type { KernelLink } from "../link.ts";

/** Where to attach a program to the traffic of a network device, and its place in the list. */
export interface TcxPlace extends Position {
  /** The device's name in this network namespace, such as `eth0`, or its index. */
  readonly device: string | number;
  /** Incoming or outgoing packets. Default: the direction for which the program was loaded, or else ingress. */
  readonly direction?: "ingress" | "egress" | undefined;
  /** Kernel flags that no other option sets. */
  readonly flags?: number | undefined;
}

const OPTIONS: OptionTable<TcxPlace> = {
  ...POSITION_OPTIONS,
  device: required("any"),
  direction: ["ingress", "egress"],
  flags: "natural",
};

/**
 * Attaches a sched_cls program to a network device by a tcx link (6.6), without a qdisc. Several programs may be
 * attached. They run in the order of the list, until one returns something other than TCX_NEXT (-1).
 */
export function attachTcx(program: Program, place: TcxPlace): KernelLink {
  checkArguments("attachTcx", program, place, OPTIONS);
  const { ifindex, what: name } = findDevice(place.device);
  const { BPF_TCX_INGRESS: ingress, BPF_TCX_EGRESS: egress } = BpfAttachType;
  const attachType = (place.direction ?? directionOf(program)) === "egress" ? egress : ingress;
  const { flags, place: tcx } = linkPosition(place, place.flags);
  const hook = {
    name,
    attachType,
    programTypes: [BpfProgType.BPF_PROG_TYPE_SCHED_CLS],
    feature: "link:tcx",
    explain: ({ errno }: { errno: number }) => reasonInList(errno) ?? missingDevice(errno, ifindex),
  } as const;
  return attach(program, hook, () => linkCreate(program.fd, ifindex, attachType, { flags, tcx }));
}

/** Returns the direction for which a program was loaded; ingress if it was loaded for neither direction. */
export function directionOf({ origin }: Program): "ingress" | "egress" {
  return origin.attachType === BpfAttachType.BPF_TCX_EGRESS ? "egress" : "ingress";
}
