import { Errno } from "../../errors/index.ts";
import type { Program } from "../../program/index.ts";
import { linkCreate } from "../../sys/index.ts";
import { BpfAttachType, BpfProgType } from "../../uapi/index.ts";
import { linkPosition, type Position } from "../anchor.ts";
import { attempt } from "../attempt.ts";
import { deviceMeaning, findDevice } from "../device.ts";
import { type KernelLink, newLink } from "../link.ts";
import { listMeaning } from "./tcx.ts";

/** Where and in which order a program is attached to a netkit device. */
export interface NetkitPlace extends Position {
  /** The primary device of the pair: its name in this network namespace, or its index. */
  readonly device: string | number;
  /** Which of the pair's devices transmits what the program sees; what it was loaded for where left out. */
  readonly end?: "primary" | "peer" | undefined;
  /** Further flags of the kernel's. */
  readonly flags?: number | undefined;
}

/**
 * Attaches a sched_cls program to a netkit device by a link (6.7). Both ends are attached through the primary device;
 * the programs run in the order of the list until one returns other than NETKIT_NEXT (-1).
 */
export function attachNetkit(program: Program, place: NetkitPlace): KernelLink {
  const { ifindex, what: where } = findDevice(place.device);
  const { BPF_NETKIT_PRIMARY: primary, BPF_NETKIT_PEER: peer } = BpfAttachType;
  const own = program.origin.attachType === peer ? "peer" : "primary";
  const attachType = (place.end ?? own) === "peer" ? peer : primary;
  const { flags, place: netkit } = linkPosition(place, place.flags);
  const facts = {
    program,
    where,
    attachType,
    programTypes: [BpfProgType.BPF_PROG_TYPE_SCHED_CLS],
    feature: "link:netkit",
    meaning: (errno: number) => netkitMeaning(errno) ?? listMeaning(errno) ?? deviceMeaning(errno, ifindex),
  } as const;
  const create = (): number => linkCreate(program.fd, ifindex, attachType, { flags, netkit });
  return newLink(() => attempt(facts, create), [], `link to ${where}`);
}

function netkitMeaning(errno: number): string | undefined {
  switch (errno) {
    case Errno.ENXIO:
      return "it is not a netkit device";
    case Errno.EACCES:
      return "it is the peer of its pair: both ends are attached through the primary device";
    default:
      return undefined;
  }
}
