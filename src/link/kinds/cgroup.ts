import type { OptionTable } from "../../kernel/index.ts";
import type { Program } from "../../program/index.ts";
import { linkCreate } from "../../sys/index.ts";
import { BpfAttachFlag } from "../../uapi/index.ts";
import { linkPosition, POSITION_OPTIONS, type Position } from "../anchor.ts";
import { checkArguments, resolveAttachType } from "../attach-arguments.ts";
import { CGROUP_OPTIONS, type CgroupPlace } from "../cgroup/attach.ts";
import { withCgroup } from "../cgroup/cgroup-fd.ts";
import { cgroupHook } from "../cgroup/cgroup-hook.ts";
import { attach } from "../hook.ts";
import type { KernelLink } from "../link.ts";

/** The cgroup to which a link attaches a program, and the place in the list. */
export interface CgroupLinkPlace extends CgroupPlace, Position {
  /**
   * The program runs before all programs without this flag. Among the programs with this flag, those of ancestor
   * cgroups run first (6.15).
   */
  readonly preorder?: boolean | undefined;
}

const OPTIONS: OptionTable<CgroupLinkPlace> = { ...CGROUP_OPTIONS, ...POSITION_OPTIONS, preorder: "boolean" };

/**
 * Attaches a program to a cgroup and to its descendants, by a link (5.7). Several programs can be attached this
 * way. They run in the order in which they were attached. An `anchor` puts a program first, last, or next to another
 * link (6.17; backported to 6.12 by some distributions). Throws SyscallError if another attachment forbids this one,
 * and NotSupportedError if the kernel does not have the hook or does not support `anchor`.
 */
export function attachCgroup(program: Program, place: CgroupLinkPlace): KernelLink {
  checkArguments("attachCgroup", program, place, OPTIONS);
  const attachType = resolveAttachType(place.attachType, program);
  const { flags, place: relative } = linkPosition(place, place.preorder === true ? BpfAttachFlag.BPF_F_PREORDER : 0);
  const { cgroup } = place;
  return withCgroup(cgroup, ({ fd }) => {
    // The kernel treats every link as `multi`.
    const attachFlags = flags | BpfAttachFlag.BPF_F_ALLOW_MULTI;
    const hook = cgroupHook({ program, cgroup, fd, attachType, attachFlags, position: place, byLink: true });
    return attach(program, hook, () => linkCreate(program.fd, fd, attachType, { flags, cgroup: relative }));
  });
}
