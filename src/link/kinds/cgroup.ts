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

/** Where and in which order a program is attached to a cgroup by a link. */
export interface CgroupLinkPlace extends CgroupPlace, Position {
  /** Runs before all programs without this flag; among those with it, cgroups above come first (6.15). */
  readonly preorder?: boolean | undefined;
}

const OPTIONS: OptionTable<CgroupLinkPlace> = { ...CGROUP_OPTIONS, ...POSITION_OPTIONS, preorder: "boolean" };

/**
 * Attaches a program to a cgroup and those below it, by a link (5.7). Several programs can be attached this way. They
 * run in the order in which they were attached. An `anchor` puts one first, last or next to another link (6.17; some
 * distributions' 6.12). Throws SyscallError if another attachment forbids this one, NotSupportedError if the kernel
 * lacks the hook or the order of programs.
 */
export function attachCgroup(program: Program, place: CgroupLinkPlace): KernelLink {
  checkArguments("attachCgroup", program, place, OPTIONS);
  const attachType = resolveAttachType(place.attachType, program);
  const { flags, place: relative } = linkPosition(place, place.preorder === true ? BpfAttachFlag.BPF_F_PREORDER : 0);
  const { cgroup } = place;
  return withCgroup(cgroup, ({ fd }) => {
    // For the kernel a link is always `multi`.
    const attachFlags = flags | BpfAttachFlag.BPF_F_ALLOW_MULTI;
    const hook = cgroupHook({ program, cgroup, fd, attachType, attachFlags, position: place, byLink: true });
    return attach(program, hook, () => linkCreate(program.fd, fd, attachType, { flags, cgroup: relative }));
  });
}
