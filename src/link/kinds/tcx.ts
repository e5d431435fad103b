import { Errno } from "../../errors/index.ts";
import type { Program } from "../../program/index.ts";
import { linkCreate } from "../../sys/index.ts";
import { BpfAttachType, BpfProgType } from "../../uapi/index.ts";
import { linkPosition, type Position } from "../anchor.ts";
import { attempt } from "../attempt.ts";
import { deviceMeaning, findDevice } from "../device.ts";
import { type KernelLink, newLink } from "../link.ts";

/** Where and in which order a program is attached to the traffic of a network device. */
export interface TcxPlace extends Position {
  /** The device's name in this network namespace, such as `eth0`, or its index. */
  readonly device: string | number;
  /** What comes in or what goes out; what the program was loaded for where left out. */
  readonly direction?: "ingress" | "egress" | undefined;
  /** Further flags of the kernel's. */
  readonly flags?: number | undefined;
}

/**
 * Attaches a sched_cls program to a network device by a tcx link (6.6), without a qdisc. Several programs may be
 * attached; they run in the order of the list until one returns other than TCX_NEXT (-1).
 */
export function attachTcx(program: Program, place: TcxPlace): KernelLink {
  const { ifindex, what: where } = findDevice(place.device);
  const attachType = tcxAttachType(program, place.direction);
  const { flags, place: tcx } = linkPosition(place, place.flags);
  const facts = {
    program,
    where,
    attachType,
    programTypes: [BpfProgType.BPF_PROG_TYPE_SCHED_CLS],
    feature: "link:tcx",
    meaning: (errno: number) => listMeaning(errno) ?? deviceMeaning(errno, ifindex),
  } as const;
  const create = (): number => linkCreate(program.fd, ifindex, attachType, { flags, tcx });
  return newLink(() => attempt(facts, create), [], `link to ${where}`);
}

function tcxAttachType(program: Program, direction: TcxPlace["direction"]): BpfAttachType {
  if (direction === "ingress") return BpfAttachType.BPF_TCX_INGRESS;
  if (direction === "egress") return BpfAttachType.BPF_TCX_EGRESS;
  return program.origin.attachType === BpfAttachType.BPF_TCX_EGRESS
    ? BpfAttachType.BPF_TCX_EGRESS
    : BpfAttachType.BPF_TCX_INGRESS;
}

/** What an errno means at a hook with a list of programs (kernel/bpf/mprog.c). */
export function listMeaning(errno: number): string | undefined {
  switch (errno) {
    case Errno.ESTALE:
      return "the list has changed since: its revision is not the expected one";
    case Errno.ENOENT:
      return "the neighbour or the program to replace is not in the list of this hook";
    case Errno.EEXIST:
      return "it is attached there already";
    case Errno.ERANGE:
      return "the list is full: a hook takes 64 programs";
    default:
      return undefined;
  }
}
