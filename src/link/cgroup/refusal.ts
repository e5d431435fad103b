import { realpathSync } from "node:fs";
import { dirname } from "node:path";
import { BpfError, Errno, SyscallError, UsageError } from "../../errors/index.ts";
import { featureLack } from "../../kernel/index.ts";
import type { Program } from "../../program/index.ts";
import { closeFd, isCgroup2, openCgroup, progQuery, queryHooks } from "../../sys/index.ts";
import { attachTypeName, BpfAttachFlag, BpfAttachType, progTypeName } from "../../uapi/index.ts";
import type { Position } from "../anchor.ts";
import { cgroupProgramType } from "./attach-types.ts";
import { notACgroup } from "./cgroup-fd.ts";
import { CgroupReader } from "./cgroup-reader.ts";
import { lacking, unsupported } from "./lacking.ts";

/** What was tried. */
export interface CgroupAttempt {
  readonly program: Program;
  readonly cgroup: string;
  /** The cgroup's directory. */
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
 * The error of an attachment that the kernel refused, with its reason. The kernel has a few errnos for many mistakes,
 * so the cgroup and those above are asked, after the fact, for what stood in the way.
 */
export function refusalOf(error: unknown, attempt: CgroupAttempt): unknown {
  if (!(error instanceof SyscallError)) return error;
  const { program, cgroup, attachType } = attempt;
  const name = attachTypeName(attachType) ?? attachType;
  const what = `${program.what} (${program.typeName}) cannot be attached to ${cgroup} as ${name}`;
  const reason = reasonOf(error, attempt);
  if (reason instanceof Error) return reason;
  if (reason === undefined) return new BpfError(error.code, `${what}: ${error.message}`, { cause: error });
  return new UsageError(`${what}: ${reason}`, { cause: error });
}

function reasonOf(error: SyscallError, attempt: CgroupAttempt): string | Error | undefined {
  switch (error.errno) {
    case Errno.EINVAL:
      return invalid(attempt);
    case Errno.EPERM:
      return clash(attempt);
    case Errno.ENOENT:
      return missing(attempt);
    case Errno.EBADF:
      return notACgroup(attempt.cgroup);
    case Errno.ESTALE:
      return `the hook's list is no longer that of revision ${attempt.position.expectedRevision}`;
    case Errno.E2BIG:
      return `there are ${MAX_PROGRAMS} programs already, and a hook of a cgroup takes no more`;
    default:
      return undefined;
  }
}

/** EINVAL: the program does not fit, is there already, or the kernel is too old for the hook or the order. */
function invalid(attempt: CgroupAttempt): string | Error | undefined {
  const { program, fd, attachType, attachFlags, position, byLink } = attempt;
  const wanted = cgroupProgramType(attachType);
  if (wanted === undefined) return "that is not an attach type of cgroups";
  const { attached, unknown } = queryHooks(fd, [attachType]);
  if (unknown.length > 0) return lacking(attachType);
  if (program.type !== wanted) return `it takes ${progTypeName(wanted) ?? wanted} programs`;
  const own = program.origin.attachType;
  if (own !== undefined && own !== attachType && !isSkb(attachType)) {
    return `the program was loaded for ${attachTypeName(own) ?? own}`;
  }
  if (
    !byLink &&
    attached.some((id, i) => i % 3 === 2 && id === program.id) &&
    (attachFlags & flag.BPF_F_ALLOW_MULTI) !== 0
  ) {
    return "it is attached there already";
  }
  const ordered = position.anchor !== undefined && (attachFlags & flag.BPF_F_REPLACE) === 0;
  const old = tooOld(attempt, ordered);
  if (old !== undefined) return old;
  if (ordered && typeof position.anchor === "object") return unlikeNeighbour(attempt);
  return own === undefined && !isSkb(attachType) ? "the program was loaded for another attach type" : undefined;
}

/** What of an order the kernel is too old for: preorder is older than the others, and a kernel that has those counts changes. */
function tooOld({ fd, attachType, attachFlags, position }: CgroupAttempt, ordered: boolean): Error | undefined {
  const preorder = (attachFlags & flag.BPF_F_PREORDER) !== 0;
  if (!(ordered || preorder || position.expectedRevision !== undefined) || countsRevisions(fd, attachType)) {
    return undefined;
  }
  const feature = ordered || position.expectedRevision !== undefined ? "order:cgroup" : "order:cgroup_preorder";
  return featureLack(feature) && unsupported(feature);
}

/** The kernel compares links with links and programs with programs (get_prog_list in kernel/bpf/cgroup.c). */
function unlikeNeighbour({ attachFlags, byLink }: CgroupAttempt): string {
  if (byLink && (attachFlags & flag.BPF_F_LINK) === 0) return "the neighbour of a link is another link";
  if (!byLink && (attachFlags & flag.BPF_F_LINK) !== 0) {
    return "the neighbour of a program without a link is another one without a link";
  }
  return "the neighbour must be attached there, and have or lack preorder as this program does";
}

/** cgroup_skb programs go to both directions, unless their return values are of egress only. */
function isSkb(attachType: BpfAttachType): boolean {
  return attachTypeName(attachType) === "cgroup_inet_ingress" || attachTypeName(attachType) === "cgroup_inet_egress";
}

/** EPERM with all rights: what is attached here or above does not go with how it was tried. */
function clash(attempt: CgroupAttempt): string | undefined {
  const { fd, cgroup, attachFlags } = attempt;
  const mode = attachFlags & (flag.BPF_F_ALLOW_MULTI | flag.BPF_F_ALLOW_OVERRIDE);
  const here = programsAt(fd, attempt);
  if (here !== undefined && here.flags !== mode) {
    return `${listed(here)} attached there ${modeText(here.flags)}, and a hook takes programs of one mode (this one comes ${modeText(mode)})`;
  }
  // The nearest cgroup above that has programs decides (hierarchy_allows_attach in kernel/bpf/cgroup.c).
  for (let path = dirname(realpathSync(cgroup)); isCgroup2(path); path = dirname(path)) {
    const directory = openCgroup(path);
    if (typeof directory === "number") return undefined;
    const above = programsAt(directory.fd, attempt);
    closeFd(directory.fd);
    if (above === undefined) continue;
    if (above.flags !== 0) return undefined;
    return `${listed(above)} attached ${modeText(0)} to ${path} above it, which allows none below`;
  }
  return undefined;
}

/** What is attached to the hook where the program would go; undefined for nothing. */
function programsAt(fd: number, { attachType, program }: CgroupAttempt): HookPrograms | undefined {
  const answer = new CgroupReader({ effective: false, attachTypes: [attachType] }).read(fd);
  if ("errno" in answer) return undefined;
  // Each place of lsm_cgroup is a hook of its own.
  const place = attachType === BpfAttachType.BPF_LSM_CGROUP ? program.info().attachBtfId : 0;
  const there = answer.programs.filter(({ attach_btf_id }) => place === 0 || attach_btf_id === place);
  return there[0] && { flags: there[0].attach_flags ?? 0, ids: there.map(({ id }) => id) };
}

interface HookPrograms {
  readonly flags: number;
  readonly ids: readonly number[];
}

/** ENOENT: the program to replace, or the neighbour, is not attached. */
function missing({ position, attachFlags, byLink }: CgroupAttempt): string | undefined {
  if ((attachFlags & flag.BPF_F_REPLACE) !== 0) return "the program to replace is not attached there";
  if (typeof position.anchor !== "object") return undefined;
  return `the neighbour is not attached there ${byLink ? "by that link" : "without a link"}`;
}

/** Whether the kernel orders programs of cgroups: then it counts the changes of a hook, from 1. */
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
