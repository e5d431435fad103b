import { Errno } from "../../errors/index.ts";
import type { OptionTable } from "../../kernel/index.ts";
import type { Program } from "../../program/index.ts";
import { linkCreate } from "../../sys/index.ts";
import { BpfAttachType, BpfProgType } from "../../uapi/index.ts";
import { checkArguments } from "../attach-arguments.ts";
import { attach, type Hook } from "../hook.ts";
import type { KernelLink } from "../link.ts";
import { withNetworkNamespace } from "../network-namespace.ts";

/** The network namespace to attach a program to. */
export interface NetnsPlace {
  /** A path such as `/run/netns/blue` or `/proc/1/ns/net`, or an fd. Default: the calling thread's namespace. */
  readonly netns?: string | number | undefined;
}

const OPTIONS: OptionTable<NetnsPlace> = { netns: "any" };

/**
 * Attaches a program to a network namespace by a link. A namespace can have only one flow dissector (5.8). sk_lookup
 * programs (5.9) run for each new connection and each datagram, in the order in which they were attached.
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
  if (errno === Errno.EEXIST)
    return "another flow dissector is attached, either to the initial network namespace, or without a link to this one";
  if (errno !== Errno.E2BIG) return undefined;
  return isLookup ? "the namespace already has 64 sk_lookup programs" : "the namespace already has a flow dissector";
}
