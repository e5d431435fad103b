import { Errno } from "../../errors/index.ts";
import { type OptionTable, required } from "../../kernel/index.ts";
import type { Program } from "../../program/index.ts";
import { linkCreate } from "../../sys/index.ts";
import { BpfAttachType, BpfNetfilterFlag, BpfProgType } from "../../uapi/index.ts";
import { checkArguments } from "../attach-arguments.ts";
import { attach } from "../hook.ts";
import type { KernelLink } from "../link.ts";

/** The protocol families in which netfilter runs programs (include/uapi/linux/netfilter.h). */
const FAMILIES = { ipv4: 2, ipv6: 10 } as const;
/** The netfilter hooks, with the names that nft and bpftool use. */
const HOOKS = { prerouting: 0, input: 1, forward: 2, output: 3, postrouting: 4 } as const;

/** The place in netfilter to which a program is attached. */
export interface NetfilterPlace {
  readonly family: keyof typeof FAMILIES;
  readonly hook: keyof typeof HOOKS;
  /**
   * The priority, from -2147483647 to 2147483646. Programs with smaller numbers run earlier. Default: 0, the priority
   * of filters. Connection tracking has -200, NAT has -100 and 100. Two programs at one hook cannot have the same
   * priority.
   */
  readonly priority?: number | undefined;
  /** Reassemble fragments before the program runs (6.6). The priority must then be above -400. */
  readonly defragment?: boolean | undefined;
}

const OPTIONS: OptionTable<NetfilterPlace> = {
  family: required(Object.keys(FAMILIES)),
  hook: required(Object.keys(HOOKS)),
  priority: "integer",
  defragment: "boolean",
};

/** Attaches a netfilter program to a hook of this network namespace by a link (6.4). */
export function attachNetfilter(program: Program, place: NetfilterPlace): KernelLink {
  checkArguments("attachNetfilter", program, place, OPTIONS);
  const { family, hook: hookName, priority = 0, defragment = false } = place;
  const attachType = BpfAttachType.BPF_NETFILTER;
  const hook = {
    name: `${family} ${hookName} at priority ${priority}`,
    attachType,
    programTypes: [BpfProgType.BPF_PROG_TYPE_NETFILTER],
    loadedFor: [attachType],
    feature: defragment ? "attach:netfilter_defragment" : "link:netfilter",
    explain: ({ errno }: { errno: number }) => reasonOf(errno, defragment),
  } as const;
  const flags = defragment ? BpfNetfilterFlag.BPF_F_NETFILTER_IP_DEFRAG : 0;
  const netfilter = { pf: FAMILIES[family], hooknum: HOOKS[hookName], priority, flags };
  return attach(program, hook, () => linkCreate(program.fd, 0, attachType, { netfilter }));
}

function reasonOf(errno: number, defragment: boolean): string | undefined {
  switch (errno) {
    case Errno.EBUSY:
      return "another program is attached there with this priority; choose another priority";
    case Errno.ERANGE:
      return defragment
        ? "with defragment, the priority must be from -399 (fragments are put together at -400) to 2147483646"
        : "the priority must be from -2147483647 to 2147483646";
    case Errno.EAFNOSUPPORT:
      return "the kernel must be built with netfilter support for this protocol family";
    case Errno.EOPNOTSUPP:
    case Errno.ENOENT:
      return defragment ? "the kernel needs the module nf_defrag_ipv4 or nf_defrag_ipv6" : undefined;
    default:
      return undefined;
  }
}
