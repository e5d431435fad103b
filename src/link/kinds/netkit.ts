import { Errno } from "../../errors/index.ts";
import { type OptionTable, required } from "../../kernel/index.ts";
import type { Program } from "../../program/index.ts";
import { linkCreate } from "../../sys/index.ts";
import { BpfAttachType, BpfProgType } from "../../uapi/index.ts";
import { linkPosition, POSITION_OPTIONS, type Position, reasonInList } from "../anchor.ts";
import { checkArguments } from "../attach-arguments.ts";
import { findDevice, missingDevice } from "../device.ts";
import { attach } from "../hook.ts";
import type { KernelLink } from "../link.ts";

/** Where to attach a program to a netkit device, and its place in the list. */
export interface NetkitPlace extends Position {
  /** The primary device of the pair: its name in this network namespace, or its index. */
  readonly device: string | number;
  /**
   * The program sees the packets that this device of the pair transmits. Default: the device for which the program was
   * loaded.
   */
  readonly end?: "primary" | "peer" | undefined;
  /** Kernel flags that no other option sets. */
  readonly flags?: number | undefined;
}

const OPTIONS: OptionTable<NetkitPlace> = {
  ...POSITION_OPTIONS,
  device: required("any"),
  end: ["primary", "peer"],
  flags: "natural",
};

/**
 * Attaches a sched_cls program to a netkit device by a link (6.7). Always name the primary device, also to attach to
 * the peer. The programs of each device run in the order of its list, until one returns something other than
 * NETKIT_NEXT (-1).
 */
export function attachNetkit(program: Program, place: NetkitPlace): KernelLink {
  checkArguments("attachNetkit", program, place, OPTIONS);
  const { ifindex, what: name } = findDevice(place.device);
  const { BPF_NETKIT_PRIMARY: primary, BPF_NETKIT_PEER: peer } = BpfAttachType;
  const own = program.origin.attachType === peer ? "peer" : "primary";
  const attachType = (place.end ?? own) === "peer" ? peer : primary;
  const { flags, place: netkit } = linkPosition(place, place.flags);
  const hook = {
    name,
    attachType,
    programTypes: [BpfProgType.BPF_PROG_TYPE_SCHED_CLS],
    feature: "link:netkit",
    explain: ({ errno }: { errno: number }) => reasonOf(errno) ?? reasonInList(errno) ?? missingDevice(errno, ifindex),
  } as const;
  return attach(program, hook, () => linkCreate(program.fd, ifindex, attachType, { flags, netkit }));
}

function reasonOf(errno: number): string | undefined {
  switch (errno) {
    case Errno.ENXIO:
      return "the device is not a netkit device";
    case Errno.EACCES:
      return "the device is the peer of a netkit pair; attach to the primary device of the pair, which serves both ends";
    default:
      return undefined;
  }
}
