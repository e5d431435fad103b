import { Errno, UsageError } from "../errors/index.ts";
import { causeText } from "../explain/index.ts";
import type { OptionTable } from "../kernel/index.ts";
import { Program } from "../program/index.ts";
import { closeFd, type LinkPlace, type ProgAttachOptions, progGetFdById } from "../sys/index.ts";
import { BpfAttachFlag } from "../uapi/index.ts";
import type { Link } from "./link.ts";

/** A neighbour in the list of a hook: a link or a program, or the id of a link or a program. */
export type AnchorTarget = Link | Program | { readonly linkId: number } | { readonly programId: number };

/**
 * The place of a program in the list of a hook that runs several programs. Linux has such lists for tcx (6.6), netkit
 * (6.7) and cgroups (6.17; some distributions have backported them to 6.12). `replace` puts the program in the place of
 * another program. A link cannot use `replace`.
 */
export type Anchor = Order | { readonly replace: Program | { readonly programId: number } };

/** The anchors that a link can use too. */
type Order = "head" | "tail" | { readonly before: AnchorTarget } | { readonly after: AnchorTarget };

/** The place in a hook's list, and the revision that the caller expects. */
export interface Position {
  /** Where to put the program in the list. Default: at the end. */
  readonly anchor?: Anchor | undefined;
  /** The kernel fails with ESTALE unless the hook's list has this revision. `queryPrograms` returns the revision. */
  readonly expectedRevision?: bigint | undefined;
}

/** The option table of a {@link Position}. Attach functions that take a position include it in their own table. */
export const POSITION_OPTIONS: OptionTable<Position> = { anchor: "any", expectedRevision: "u64" };

const flag = BpfAttachFlag;
/** The kernel flags that encode an anchor. Callers may not pass these flags in `flags`. */
const ANCHOR_FLAGS: number =
  flag.BPF_F_REPLACE | flag.BPF_F_BEFORE | flag.BPF_F_AFTER | flag.BPF_F_ID | flag.BPF_F_LINK;

/** Returns the given flags; 0 by default. Throws UsageError if they contain a flag that only an anchor may set. */
export function withoutAnchorFlags(flags: number | undefined): number {
  if (((flags ?? 0) & ANCHOR_FLAGS) !== 0) {
    throw new UsageError(
      "BPF_F_BEFORE, BPF_F_AFTER, BPF_F_REPLACE, BPF_F_ID and BPF_F_LINK cannot be given as flags; give an anchor instead",
    );
  }
  return flags ?? 0;
}

/**
 * Encodes a position for LINK_CREATE. Returns the flags, and the fields of a tcx, netkit or cgroup link. Throws
 * UsageError for `replace`, which a link cannot use.
 */
export function linkPosition(
  position: Position,
  flags?: number,
): { readonly flags: number; readonly place: LinkPlace } {
  const { anchor, expectedRevision: expected_revision } = position;
  const own = withoutAnchorFlags(flags);
  if (typeof anchor === "object" && "replace" in anchor) {
    throw new UsageError(
      "a link cannot replace another program: call update() on the link whose program you want to replace",
    );
  }
  const { attach_flags, relative_fd, relative_id } = neighbour(anchor);
  return { flags: own | attach_flags, place: { relative_fd, relative_id, expected_revision } };
}

/**
 * Calls `attach` with a position that is encoded for PROG_ATTACH or PROG_DETACH. If the program to replace is given by
 * id, it is open during the call.
 */
export function withAttachPosition<T>(
  position: Position,
  flags: number | undefined,
  attach: (options: ProgAttachOptions) => T,
): T {
  const { anchor, expectedRevision: expected_revision } = position;
  const own = withoutAnchorFlags(flags);
  if (typeof anchor !== "object" || !("replace" in anchor)) {
    const { attach_flags, ...relative } = neighbour(anchor);
    return attach({ ...relative, attach_flags: own | attach_flags, expected_revision });
  }
  const replaced = anchor.replace;
  const attach_flags = own | flag.BPF_F_REPLACE;
  if (replaced instanceof Program) return attach({ attach_flags, replace_bpf_fd: replaced.fd, expected_revision });
  // The kernel accepts an id only for a neighbour (bpf_mprog_attach in kernel/bpf/mprog.c). The program to replace must
  // be given by fd.
  const replace_bpf_fd = progGetFdById(replaced.programId);
  try {
    return attach({ attach_flags, replace_bpf_fd, expected_revision });
  } finally {
    closeFd(replace_bpf_fd);
  }
}

interface Neighbour {
  readonly attach_flags: number;
  readonly relative_fd?: number | undefined;
  readonly relative_id?: number | undefined;
}

function neighbour(anchor: Order | undefined): Neighbour {
  if (anchor === undefined) return { attach_flags: 0 };
  if (anchor === "head") return { attach_flags: flag.BPF_F_BEFORE };
  if (anchor === "tail") return { attach_flags: flag.BPF_F_AFTER };
  if (typeof anchor !== "object" || !("before" in anchor || "after" in anchor)) {
    throw new UsageError('an anchor must be "head", "tail", { before: … }, { after: … } or { replace: … }');
  }
  const side = "before" in anchor ? flag.BPF_F_BEFORE : flag.BPF_F_AFTER;
  const target = "before" in anchor ? anchor.before : anchor.after;
  if (target instanceof Program) return { attach_flags: side, relative_fd: target.fd };
  if ("programId" in target) return { attach_flags: side, relative_id: checkedId(target.programId) };
  if ("linkId" in target) return { attach_flags: side | flag.BPF_F_LINK, relative_id: checkedId(target.linkId) };
  return { attach_flags: side | flag.BPF_F_LINK, relative_fd: target.fd };
}

/** Returns the id. Throws for 0, because the kernel would read 0 as "no neighbour". */
function checkedId(id: number): number {
  if (Number.isInteger(id) && id > 0 && id <= 0xffffffff) return id;
  throw new UsageError(`${id} is not the id of a program or link; ids are whole numbers from 1 on`);
}

/** Returns what an errno means at a hook with a list of programs (kernel/bpf/mprog.c). */
export function reasonInList(errno: number): string | undefined {
  switch (errno) {
    case Errno.ESTALE:
      return causeText("revisionChanged");
    case Errno.ENOENT:
      return causeText("neighbourMissing");
    case Errno.EEXIST:
      return causeText("alreadyAttached");
    case Errno.ERANGE:
      return causeText("hookFull");
    default:
      return undefined;
  }
}
