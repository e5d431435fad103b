import type { Program } from "../../program/index.ts";
import { linkCreate } from "../../sys/index.ts";
import { BpfAttachFlag } from "../../uapi/index.ts";
import { linkPosition, type Position } from "../anchor.ts";
import { type AttachTypeName, resolveAttachType } from "../attach-type.ts";
import { withCgroup } from "../cgroup/cgroup-fd.ts";
import { refusalOf } from "../cgroup/refusal.ts";
import { type Link, newLink } from "../link.ts";

/** Where a program is attached to a cgroup. */
export interface CgroupPlace {
  /** Path of a directory in a cgroup v2 hierarchy. */
  readonly cgroup: string;
  /** `cgroup_inet_egress`, …; the program's own where left out. */
  readonly attachType?: AttachTypeName | undefined;
}

/** Where and in which order a program is attached to a cgroup by a link. */
export interface CgroupLinkPlace extends CgroupPlace, Position {
  /** Runs before the programs without this, and those of the cgroups above before those below (6.15). */
  readonly preorder?: boolean | undefined;
}

/**
 * Attaches a program to a cgroup and those below it, by a link (5.7). Several programs may be attached so at once; they
 * run in the order of their attaching unless an `anchor` says another (6.17; also some distributions' 6.12): first, last,
 * or next to another link. Throws
 * UsageError with the reason where something attached stands in the way, NotSupportedError where this kernel lacks the
 * hook or the order.
 */
export function attachCgroup(program: Program, place: CgroupLinkPlace): Link {
  const attachType = resolveAttachType(place.attachType, program);
  const { flags, place: relative } = linkPosition(place, place.preorder === true ? BpfAttachFlag.BPF_F_PREORDER : 0);
  const { cgroup } = place;
  return withCgroup(cgroup, ({ fd }) =>
    newLink(() => {
      try {
        return linkCreate(program.fd, fd, attachType, { flags, cgroup: relative });
      } catch (error) {
        // A link is attached as `multi` is.
        const attachFlags = flags | BpfAttachFlag.BPF_F_ALLOW_MULTI;
        throw refusalOf(error, { program, cgroup, fd, attachType, attachFlags, position: place, byLink: true });
      }
    }),
  );
}
