import { UsageError } from "../../errors/index.ts";
import { checkOptions, type OptionTable } from "../../kernel/index.ts";
import { progQuery } from "../../sys/index.ts";
import { attachTypeByName, type BpfAttachType, BpfQueryFlag } from "../../uapi/index.ts";
import type { AttachTypeName } from "../attach-arguments.ts";
import { CGROUP_ATTACH_TYPES } from "./attach-types.ts";
import { queryError, withCgroup } from "./cgroup-fd.ts";
import { attachTypeLack } from "./cgroup-hook.ts";
import { type CgroupProgram, CgroupReader } from "./cgroup-reader.ts";
import { CgroupDetails } from "./details.ts";

/** What to ask a cgroup for. */
export interface CgroupQueryOptions {
  /** Not what was attached to the cgroup, but what runs there: with the programs of the cgroups above that count. */
  readonly effective?: boolean | undefined;
  /**
   * Also which link holds each attachment, and in an effective query where it was attached and with which flags. Looks
   * at all links of the system (CAP_SYS_ADMIN) and asks the cgroups above.
   */
  readonly details?: boolean | undefined;
}

export const QUERY_OPTIONS: OptionTable<CgroupQueryOptions> = { effective: "boolean", details: "boolean" };

/** The programs at one hook of a cgroup. */
export interface CgroupHook {
  readonly attachType: BpfAttachType;
  /** How the hook's programs were attached: BPF_F_ALLOW_MULTI, BPF_F_ALLOW_OVERRIDE or 0. 0 in effective queries. */
  readonly attachFlags: number;
  /** Changes with every change to the hook (6.17); 0 on older kernels, in effective queries, and for lsm_cgroup. */
  readonly revision: bigint;
  /** The ids of the programs in the order in which they run; also those that may not be looked at. */
  readonly programIds: readonly number[];
  /** The same, with what is known of each. */
  readonly programs: readonly CgroupProgram[];
}

/**
 * The programs at a hook of a cgroup in the order in which they run (4.15; needs CAP_NET_ADMIN). Throws UsageError for
 * a path that is no cgroup, NotSupportedError for a hook that this kernel lacks.
 */
export function queryCgroup(cgroup: string, attachType: AttachTypeName, options: CgroupQueryOptions = {}): CgroupHook {
  checkOptions("queryCgroup", options, QUERY_OPTIONS);
  const type = cgroupAttachType(attachType);
  const effective = options.effective === true;
  return withCgroup(cgroup, ({ fd }) => {
    const reader = new CgroupReader({ effective, attachTypes: [type] });
    const answer = reader.read(fd);
    if ("errno" in answer) throw queryError(cgroup, answer.errno);
    if (reader.lacks(type)) throw attachTypeLack(type);
    // Once more, for the revision, which a listing of many hooks leaves out.
    const {
      attach_flags: attachFlags,
      revision,
      prog_ids: programIds,
    } = progQuery(fd, type, {
      query_flags: effective ? BpfQueryFlag.BPF_F_QUERY_EFFECTIVE : 0,
    });
    const programs = detailed(cgroup, answer.programs, options);
    return { attachType: type, attachFlags, revision, programIds, programs };
  });
}

/**
 * The programs at all hooks of a cgroup, hook by hook in bpftool's order (4.15; needs CAP_NET_ADMIN). Hooks that this
 * kernel lacks have none. Throws UsageError for a path that is no cgroup.
 */
export function cgroupPrograms(cgroup: string, options: CgroupQueryOptions = {}): CgroupProgram[] {
  checkOptions("cgroupPrograms", options, QUERY_OPTIONS);
  return withCgroup(cgroup, ({ fd }) => {
    const answer = new CgroupReader({ effective: options.effective === true }).read(fd);
    if ("errno" in answer) throw queryError(cgroup, answer.errno);
    return detailed(cgroup, answer.programs, options);
  });
}

function detailed(cgroup: string, programs: CgroupProgram[], options: CgroupQueryOptions): CgroupProgram[] {
  if (options.details !== true) return programs;
  const details = new CgroupDetails();
  return options.effective === true ? details.ofEffective(cgroup, programs) : details.ofOwn(cgroup, programs);
}

/** The number of an attach type of cgroups. Throws UsageError for one that is not of cgroups. */
export function cgroupAttachType(given: AttachTypeName): BpfAttachType {
  const type = typeof given === "number" ? given : attachTypeByName(given);
  if (type !== undefined && CGROUP_ATTACH_TYPES.includes(type)) return type;
  throw new UsageError(`"${given}" is not an attach type of cgroups; they are named like cgroup_inet_egress`);
}
