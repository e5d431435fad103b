import { realpathSync } from "node:fs";
import { dirname } from "node:path";
import { Errno, NotSupportedError, type SyscallError } from "../../errors/index.ts";
import { type FeatureName, lackError } from "../../kernel/index.ts";
import type { Program } from "../../program/index.ts";
import { closeFd, isCgroup2, openCgroup, progQuery, queryHooks } from "../../sys/index.ts";
import { attachTypeName, BpfAttachFlag, BpfAttachType, BpfProgType } from "../../uapi/index.ts";
import type { Position } from "../anchor.ts";
import type { Hook } from "../hook.ts";
import { cgroupProgramType } from "./attach-types.ts";
import { notACgroup } from "./cgroup-fd.ts";
import { CgroupReader } from "./cgroup-reader.ts";

/** An attempt to attach a program to a cgroup, or to detach it. */
export interface CgroupAttachment {
  readonly program: Program;
  readonly cgroup: string;
  /** An fd of the cgroup's directory. */
  readonly fd: number;
  readonly attachType: BpfAttachType;
  readonly attachFlags: number;
  readonly position: Position;
  readonly byLink: boolean;
}

const flag = BpfAttachFlag;
/** BPF_CGROUP_MAX_PROGS. */
const MAX_PROGRAMS = 64;

/**
 * Describes the hook of a cgroup. The kernel uses one errno for several mistakes, so `explain` queries the cgroup and
 * those above it to find out which mistake it was.
 */
export function cgroupHook(attachment: CgroupAttachment): Hook {
  const { cgroup, attachType, program } = attachment;
  const type = cgroupProgramType(attachType);
  return {
    name: cgroup,
    attachType,
    // For an attach type that is not a cgroup's, any program type passes here. The kernel then fails with EINVAL, and
    // `explain` names the reason.
    programTypes: [type ?? program.type],
    // A cgroup_skb program fits both directions, unless it returns values that only egress allows.
    loadedFor: type === undefined || type === BpfProgType.BPF_PROG_TYPE_CGROUP_SKB ? undefined : [attachType],
    feature: featureOf(attachType),
    explain: (refusal) => reasonOf(refusal, attachment),
  };
}

/** The error for an attach type that this kernel lacks. */
export function attachTypeLack(attachType: BpfAttachType, cause?: unknown): NotSupportedError {
  const what = `${attachTypeName(attachType) ?? `attach type ${attachType}`} programs of cgroups`;
  const name = featureOf(attachType);
  return (name && lackError(name, { what }, cause)) ?? new NotSupportedError({ feature: what }, { cause });
}

/** The feature that a cgroup attach type needs; undefined if every supported kernel has the attach type. */
function featureOf(attachType: BpfAttachType): FeatureName | undefined {
  if (attachType === BpfAttachType.BPF_LSM_CGROUP) return "attach:lsm_cgroup";
  return attachTypeName(attachType)?.startsWith("cgroup_unix_") === true ? "attach:cgroup_unix" : undefined;
}

function reasonOf(refusal: SyscallError, attachment: CgroupAttachment): string | Error | undefined {
  switch (refusal.errno) {
    case Errno.EINVAL:
      return whyInvalid(refusal, attachment);
    case Errno.EPERM:
      return whyNotPermitted(attachment);
    case Errno.ENOENT:
      return whatIsMissing(attachment);
    case Errno.EBADF:
      return notACgroup(attachment.cgroup);
    case Errno.ESTALE:
      return `the hook's list is no longer that of revision ${attachment.position.expectedRevision}`;
    case Errno.E2BIG:
      return `there are ${MAX_PROGRAMS} programs already, and a hook of a cgroup takes no more`;
    default:
      return undefined;
  }
}

/** EINVAL: the program is already attached, the neighbour does not fit, or the kernel lacks the hook or the order. */
function whyInvalid(refusal: SyscallError, attachment: CgroupAttachment): string | Error | undefined {
  const { program, fd, attachType, attachFlags, position, byLink } = attachment;
  const type = cgroupProgramType(attachType);
  if (type === undefined) return "that is not an attach type of cgroups";
  const { attached, unknown } = queryHooks(fd, [attachType]);
  if (unknown.length > 0) return attachTypeLack(attachType, refusal);
  const isMulti = (attachFlags & flag.BPF_F_ALLOW_MULTI) !== 0;
  if (!byLink && isMulti && attached.some((id, i) => i % 3 === 2 && id === program.id)) {
    return "it is attached there already";
  }
  const isOrdered = position.anchor !== undefined && (attachFlags & flag.BPF_F_REPLACE) === 0;
  const lack = missingOrder(refusal, attachment, isOrdered);
  if (lack !== undefined) return lack;
  if (isOrdered && typeof position.anchor === "object") return whyNoNeighbour(attachment);
  const isUnknown = program.origin.attachType === undefined && type !== BpfProgType.BPF_PROG_TYPE_CGROUP_SKB;
  return isUnknown ? "the program was loaded for another attach type" : undefined;
}

/**
 * Returns an error if the kernel lacks anchors or BPF_F_PREORDER; undefined otherwise. A kernel with anchors counts the
 * revisions of a hook, and has BPF_F_PREORDER too, which is older.
 */
function missingOrder(
  refusal: SyscallError,
  { fd, attachType, attachFlags, position }: CgroupAttachment,
  isOrdered: boolean,
): Error | undefined {
  const isCounted = isOrdered || position.expectedRevision !== undefined;
  const isPreorder = (attachFlags & flag.BPF_F_PREORDER) !== 0;
  if (!(isCounted || isPreorder) || countsRevisions(fd, attachType)) return undefined;
  return lackError(isCounted ? "order:cgroup" : "order:cgroup_preorder", {}, refusal);
}

/**
 * Tells why a neighbour does not fit. The kernel compares a link only with links, and a program attached without a link
 * only with such programs (get_prog_list in kernel/bpf/cgroup.c).
 */
function whyNoNeighbour({ attachFlags, byLink }: CgroupAttachment): string {
  if (byLink && (attachFlags & flag.BPF_F_LINK) === 0) return "the neighbour of a link must be another link";
  if (!byLink && (attachFlags & flag.BPF_F_LINK) !== 0) {
    return "the neighbour of a program without a link must be another program without a link";
  }
  return "the neighbour must be attached there with the same preorder option";
}

/** EPERM although no capability is missing: the mode conflicts with programs attached to this cgroup or one above. */
function whyNotPermitted(attachment: CgroupAttachment): string | undefined {
  const { fd, cgroup, attachFlags } = attachment;
  const mode = attachFlags & (flag.BPF_F_ALLOW_MULTI | flag.BPF_F_ALLOW_OVERRIDE);
  const here = programsAt(fd, attachment);
  if (here !== undefined && here.flags !== mode) {
    return `${listed(here)} attached there ${modeText(here.flags)}, and a hook takes programs of one mode (this one comes ${modeText(mode)})`;
  }
  // The nearest cgroup above with programs decides whether this one may attach (hierarchy_allows_attach in
  // kernel/bpf/cgroup.c).
  for (let path = dirname(realpathSync(cgroup)); isCgroup2(path); path = dirname(path)) {
    const directory = openCgroup(path);
    if (typeof directory === "number") return undefined;
    const above = programsAt(directory.fd, attachment);
    closeFd(directory.fd);
    if (above === undefined) continue;
    if (above.flags !== 0) return undefined;
    return `${listed(above)} attached ${modeText(0)} to ${path} above it, which allows none below`;
  }
  return undefined;
}

interface HookPrograms {
  readonly flags: number;
  readonly ids: readonly number[];
}

/** Returns the programs at the hook; undefined if there are none. */
function programsAt(fd: number, { attachType, program }: CgroupAttachment): HookPrograms | undefined {
  const answer = new CgroupReader({ effective: false, attachTypes: [attachType] }).read(fd);
  if ("errno" in answer) return undefined;
  // Each LSM function of lsm_cgroup is a hook of its own.
  const place = attachType === BpfAttachType.BPF_LSM_CGROUP ? program.info().attachBtfId : 0;
  const there = answer.programs.filter(({ attachBtfId }) => place === 0 || attachBtfId === place);
  return there[0] && { flags: there[0].attachFlags ?? 0, ids: there.map(({ id }) => id) };
}

/** ENOENT: the program to replace, or the neighbour, is not attached. */
function whatIsMissing({ position, attachFlags, byLink }: CgroupAttachment): string | undefined {
  if ((attachFlags & flag.BPF_F_REPLACE) !== 0) return "the program to replace is not attached there";
  if (typeof position.anchor !== "object") return undefined;
  return `the neighbour is not attached there ${byLink ? "by that link" : "without a link"}`;
}

/** Whether the kernel supports anchors at cgroups. If so, it counts the revisions of each hook, beginning with 1. */
function countsRevisions(fd: number, attachType: BpfAttachType): boolean {
  try {
    return progQuery(fd, attachType).revision !== 0n;
  } catch {
    return false;
  }
}

function listed({ ids }: HookPrograms): string {
  return ids.length === 1 ? `program ${ids[0]} is` : `programs ${ids.join(", ")} are`;
}

function modeText(flags: number): string {
  if ((flags & flag.BPF_F_ALLOW_MULTI) !== 0) return "with multi";
  return (flags & flag.BPF_F_ALLOW_OVERRIDE) !== 0 ? "with override" : "with neither multi nor override";
}
