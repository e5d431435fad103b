import { Errno } from "../../errors/index.ts";
import type { OptionTable } from "../../kernel/index.ts";
import type { Program } from "../../program/index.ts";
import { linkCreate } from "../../sys/index.ts";
import { BpfAttachType, BpfProgType } from "../../uapi/index.ts";
import { checkArguments } from "../attach-arguments.ts";
import { attach, type Hook } from "../hook.ts";
import type { KernelLink } from "../link.ts";
import { withNetworkNamespace } from "../network-namespace.ts";

/** Which network namespace a program is attached to. */
export interface NetnsPlace {
  /** A path such as `/run/netns/blue` or `/proc/1/ns/net`, or an fd; the calling thread's own where left out. */
  readonly netns?: string | number | undefined;
}

const OPTIONS: OptionTable<NetnsPlace> = { netns: "any" };

/**
 * Attaches a program to a network namespace by a link: a flow dissector (5.8), of which there is one at most, or
 * sk_lookup (5.9), which runs for each new connection and datagram in the order of attaching.
 */
export function attachNetns(program: Program, place: NetnsPlace = {}): KernelLink {
  checkArguments("attachNetns", program, place, OPTIONS);
  const isLookup = program.type === BpfProgType.BPF_PROG_TYPE_SK_LOOKUP;
  const attachType = isLookup ? BpfAttachType.BPF_SK_LOOKUP : BpfAttachType.BPF_FLOW_DISSECTOR;
  return withNetworkNamespace(place.netns, (fd, name) => {
    const hook: Hook = {
      name,
      attachType,
      programTypes: [BpfProgType.BPF_PROG_TYPE_FLOW_DISSECTOR, BpfProgType.BPF_PROG_TYPE_SK_LOOKUP],
      explain: ({ errno }) => reasonOf(errno, isLookup),
    };
    return attach(program, hook, () => linkCreate(program.fd, fd, attachType));
  });
}

function reasonOf(errno: number, isLookup: boolean): string | undefined {
  if (errno === Errno.EEXIST) return "a flow dissector is attached to the first network namespace, or without a link";
  if (errno !== Errno.E2BIG) return undefined;
  return isLookup ? "it has 64 sk_lookup programs already" : "it has one already";
}
