import { UsageError } from "../errors/index.ts";
import { Program } from "../program/index.ts";
import { closeFd, type LinkPlace, type ProgAttachOptions, progGetFdById } from "../sys/index.ts";
import { BpfAttachFlag } from "../uapi/index.ts";
import type { Link } from "./link.ts";

/** A neighbour in the list of a hook: a link or a program, or its id. */
export type AnchorTarget = Link | Program | { readonly linkId: number } | { readonly programId: number };

/**
 * Where a program goes in the list of a hook that takes several: tcx and netkit (6.6, 6.7) and cgroups (6.17; some
 * distributions' 6.12). `replace` puts it in another program's place; only attachments without a link can do so.
 */
export type Anchor = Order | { readonly replace: Program | { readonly programId: number } };

/** The anchors that a link takes too. */
type Order = "head" | "tail" | { readonly before: AnchorTarget } | { readonly after: AnchorTarget };

/** Where in the list of a hook, and which list is expected there. */
export interface Position {
  /** At the end where left out. */
  readonly anchor?: Anchor | undefined;
  /** Refuse with ESTALE unless the hook's list has this revision, as {@link queryPrograms} tells it. */
  readonly expectedRevision?: bigint | undefined;
}

const flag = BpfAttachFlag;
/** What an anchor is encoded with: these flags are refused where a caller gives flags of the kernel's. */
const ANCHOR_FLAGS: number =
  flag.BPF_F_REPLACE | flag.BPF_F_BEFORE | flag.BPF_F_AFTER | flag.BPF_F_ID | flag.BPF_F_LINK;

/** Throws UsageError if flags say what an anchor is to say. */
export function withoutAnchorFlags(flags: number | undefined): number {
  if (((flags ?? 0) & ANCHOR_FLAGS) !== 0) {
    throw new UsageError("BPF_F_BEFORE, _AFTER, _REPLACE, _ID and _LINK are not given as flags: say an anchor instead");
  }
  return flags ?? 0;
}

/** A position as LINK_CREATE takes it: flags, and the group for tcx, netkit or cgroup. Throws UsageError for `replace`. */
export function linkPosition(
  position: Position,
  flags?: number,
): { readonly flags: number; readonly place: LinkPlace } {
  const { anchor, expectedRevision: expected_revision } = position;
  const own = withoutAnchorFlags(flags);
  if (typeof anchor === "object" && "replace" in anchor) {
    throw new UsageError("a link takes no other program's place: update() the link that is to be replaced");
  }
  const { attach_flags, relative_fd, relative_id } = neighbour(anchor);
  return { flags: own | attach_flags, place: { relative_fd, relative_id, expected_revision } };
}

/** Calls `attach` with a position as PROG_ATTACH and PROG_DETACH take it; an id to replace is open meanwhile. */
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
  // The kernel takes BPF_F_ID for neighbours only (bpf_mprog_attach in kernel/bpf/mprog.c): what is replaced is an fd.
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
  const side = "before" in anchor ? flag.BPF_F_BEFORE : flag.BPF_F_AFTER;
  const target = "before" in anchor ? anchor.before : anchor.after;
  if (target instanceof Program) return { attach_flags: side, relative_fd: target.fd };
  if ("programId" in target) return { attach_flags: side, relative_id: checkedId(target.programId) };
  if ("linkId" in target) return { attach_flags: side | flag.BPF_F_LINK, relative_id: checkedId(target.linkId) };
  return { attach_flags: side | flag.BPF_F_LINK, relative_fd: target.fd };
}

/** The kernel takes 0 for "no neighbour". */
function checkedId(id: number): number {
  if (Number.isInteger(id) && id > 0 && id <= 0xffffffff) return id;
  throw new UsageError(`${id} is not the id of a program or link: they count from 1`);
}
