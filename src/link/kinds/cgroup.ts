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
  /** Runs before the programs without this, and those of the cgroups above before those below (6.15). */
  readonly preorder?: boolean | undefined;
}

const OPTIONS: OptionTable<CgroupLinkPlace> = { ...CGROUP_OPTIONS, ...POSITION_OPTIONS, preorder: "boolean" };

/**
 * Attaches a program to a cgroup and those below it, by a link (5.7). Several programs may be attached this way at once.
 * They run in the order in which they were attached unless an `anchor` says otherwise (6.17; also in 6.12 of some
 * distributions): first, last, or next to another link. Throws SyscallError with the reason where something that is
 * attached stands in the way, NotSupportedError where this kernel lacks the hook or the order.
 */
export function attachCgroup(program: Program, place: CgroupLinkPlace): KernelLink {
  checkArguments("attachCgroup", program, place, OPTIONS);
  const attachType = resolveAttachType(place.attachType, program);
  const { flags, place: relative } = linkPosition(place, place.preorder === true ? BpfAttachFlag.BPF_F_PREORDER : 0);
  const { cgroup } = place;
  return withCgroup(cgroup, ({ fd }) => {
    // The kernel attaches a link as it attaches a program with `multi`.
    const attachFlags = flags | BpfAttachFlag.BPF_F_ALLOW_MULTI;
    const hook = cgroupHook({ program, cgroup, fd, attachType, attachFlags, position: place, byLink: true });
    return attach(program, hook, () => linkCreate(program.fd, fd, attachType, { flags, cgroup: relative }));
  });
}
