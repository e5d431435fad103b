import { realpathSync } from "node:fs";
import { dirname } from "node:path";
import { Errno, NotSupportedError, type SyscallError } from "../../errors/index.ts";
import { causeText } from "../../explain/index.ts";
import { type FeatureName, lackError } from "../../kernel/index.ts";
import type { Program } from "../../program/index.ts";
import { closeFd, isCgroup2, openCgroup, progQuery, queryHooks } from "../../sys/index.ts";
import { attachTypeName, BpfAttachFlag, BpfAttachType, BpfProgType } from "../../uapi/index.ts";
import type { Position } from "../anchor.ts";
import type { Hook } from "../hook.ts";
import { cgroupProgramType } from "./attach-types.ts";
import { notACgroup } from "./cgroup-fd.ts";
import { CgroupReader } from "./cgroup-reader.ts";

/** A call that attaches a program to a cgroup or detaches it. */
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
/** The kernel's limit BPF_CGROUP_MAX_PROGS. */
const MAX_PROGRAMS = 64;

/**
 * Describes the hook of a cgroup. The kernel uses one errno for several mistakes. So `explain` queries the cgroup and
 * its ancestors to find out which mistake it was.
 */
export function cgroupHook(attachment: CgroupAttachment): Hook {
  const { cgroup, attachType, program } = attachment;
  const type = cgroupProgramType(attachType);
  return {
    name: cgroup,
    attachType,
    // For an attach type that is not for cgroups, every program type passes this check. The kernel then fails with
    // EINVAL, and `explain` names the reason.
    programTypes: [type ?? program.type],
    // A cgroup_skb program fits both directions, unless it returns numbers that only egress allows.
    loadedFor: type === undefined || type === BpfProgType.BPF_PROG_TYPE_CGROUP_SKB ? undefined : [attachType],
    feature: featureOf(attachType),
    explain: (refusal) => reasonOf(refusal, attachment),
  };
}

/** Returns the error for an attach type that this kernel does not have. */
export function attachTypeLack(attachType: BpfAttachType, cause?: unknown): NotSupportedError {
  const what = `${attachTypeName(attachType) ?? `attach type ${attachType}`} programs for cgroups`;
  const name = featureOf(attachType);
  return (name && lackError(name, { what }, cause)) ?? new NotSupportedError({ feature: what }, { cause });
}

/**
 * Returns the feature that a cgroup attach type needs. Returns undefined if every supported kernel has the attach type.
 */
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
      return `the list of programs at this hook has changed since revision ${attachment.position.expectedRevision}`;
    case Errno.E2BIG:
      return `the hook is full: a hook of a cgroup can have at most ${MAX_PROGRAMS} programs`;
    default:
      return undefined;
  }
}

/**
 * Explains EINVAL: the program is already attached, the neighbour does not fit, or the kernel does not have the hook or
 * does not support anchors.
 */
function whyInvalid(refusal: SyscallError, attachment: CgroupAttachment): string | Error | undefined {
  const { program, fd, attachType, attachFlags, position, byLink } = attachment;
  const type = cgroupProgramType(attachType);
  if (type === undefined) return "cgroups have no hook of this attach type";
  const { attached, unknown } = queryHooks(fd, [attachType]);
  if (unknown.length > 0) return attachTypeLack(attachType, refusal);
  const isMulti = (attachFlags & flag.BPF_F_ALLOW_MULTI) !== 0;
  if (!byLink && isMulti && attached.some((id, i) => i % 3 === 2 && id === program.id)) {
    return causeText("alreadyAttached");
  }
  const isOrdered = position.anchor !== undefined && (attachFlags & flag.BPF_F_REPLACE) === 0;
  const lack = missingOrder(refusal, attachment, isOrdered);
  if (lack !== undefined) return lack;
  if (isOrdered && typeof position.anchor === "object") return whyNoNeighbour(attachment);
  const isUnknown = program.origin.attachType === undefined && type !== BpfProgType.BPF_PROG_TYPE_CGROUP_SKB;
  return isUnknown ? "the program was loaded for another attach type" : undefined;
}

/**
 * Returns an error if the kernel does not support anchors or BPF_F_PREORDER; undefined otherwise. A kernel that
 * supports anchors counts the revisions of a hook. Such a kernel also has BPF_F_PREORDER, which is older than anchors.
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
 * Returns the reason why a program cannot be placed before or after another one. A link can only be placed next to a
 * link, and a program without a link only next to another such program (get_prog_list in kernel/bpf/cgroup.c).
 */
function whyNoNeighbour({ attachFlags, byLink }: CgroupAttachment): string {
  if (byLink && (attachFlags & flag.BPF_F_LINK) === 0) return "a link can only be placed before or after another link";
  if (!byLink && (attachFlags & flag.BPF_F_LINK) !== 0) {
    return "a program that is attached without a link can only be placed before or after another such program";
  }
  return "both programs must have the same preorder option";
}

/**
 * Explains EPERM when no capability is missing: the mode conflicts with programs that are attached to this cgroup or to
 * an ancestor.
 */
function whyNotPermitted(attachment: CgroupAttachment): string | undefined {
  const { fd, cgroup, attachFlags } = attachment;
  const mode = attachFlags & (flag.BPF_F_ALLOW_MULTI | flag.BPF_F_ALLOW_OVERRIDE);
  const here = programsAt(fd, attachment);
  if (here !== undefined && here.flags !== mode) {
    return `${listed(here)} attached there ${modeText(here.flags)}, but this program was to be attached ${modeText(mode)}; all programs at a hook must have the same mode`;
  }
  // The nearest ancestor that has programs decides whether this cgroup may attach one (hierarchy_allows_attach in
  // kernel/bpf/cgroup.c).
  for (let path = dirname(realpathSync(cgroup)); isCgroup2(path); path = dirname(path)) {
    const directory = openCgroup(path);
    if (typeof directory === "number") return undefined;
    const above = programsAt(directory.fd, attachment);
    closeFd(directory.fd);
    if (above === undefined) continue;
    if (above.flags !== 0) return undefined;
    return `${listed(above)} attached ${modeText(0)} to the ancestor cgroup ${path}, so the descendants of ${path} can have no programs`;
  }
  return undefined;
}

interface HookPrograms {
  readonly flags: number;
  readonly ids: readonly number[];
}

/** Returns the programs at the hook; undefined if the hook has no programs. */
function programsAt(fd: number, { attachType, program }: CgroupAttachment): HookPrograms | undefined {
  const answer = new CgroupReader({ effective: false, attachTypes: [attachType] }).read(fd);
  if ("errno" in answer) return undefined;
  // Each LSM function is a separate hook of lsm_cgroup.
  const place = attachType === BpfAttachType.BPF_LSM_CGROUP ? program.info().attachBtfId : 0;
  const there = answer.programs.filter(({ attachBtfId }) => place === 0 || attachBtfId === place);
  return there[0] && { flags: there[0].attachFlags ?? 0, ids: there.map(({ id }) => id) };
}

/** Explains ENOENT: the program to replace, or the neighbour, is not attached. */
function whatIsMissing({ position, attachFlags, byLink }: CgroupAttachment): string | undefined {
  if ((attachFlags & flag.BPF_F_REPLACE) !== 0) return "the program to replace is not attached there";
  if (typeof position.anchor !== "object") return undefined;
  return `the neighbour is not attached there ${byLink ? "by that link" : "without a link"}`;
}

/**
 * Returns true if the kernel supports anchors at cgroups. Such a kernel counts the revisions of each hook, beginning
 * with 1.
 */
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
