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

/** Options of a query of a cgroup. */
export interface CgroupQueryOptions {
  /**
   * True: return the programs that run for the cgroup, including those inherited from its ancestors. Default: return
   * only the programs that are attached to the cgroup itself.
   */
  readonly effective?: boolean | undefined;
  /**
   * True: add the link of each attachment. In an effective query, also add its cgroup and flags. This reads all links
   * of the system (CAP_SYS_ADMIN) and queries the ancestors of the cgroup.
   */
  readonly details?: boolean | undefined;
}

export const QUERY_OPTIONS: OptionTable<CgroupQueryOptions> = { effective: "boolean", details: "boolean" };

/** The programs at one hook of a cgroup. */
export interface CgroupHook {
  readonly attachType: BpfAttachType;
  /** The mode of the hook: BPF_F_ALLOW_MULTI, BPF_F_ALLOW_OVERRIDE or 0. Always 0 in effective queries. */
  readonly attachFlags: number;
  /**
   * The revision of the hook, which changes with every change to the hook (6.17). 0 on older kernels, in effective
   * queries, and for lsm_cgroup.
   */
  readonly revision: bigint;
  /**
   * The ids of the programs in the order in which they run, including programs that this process may not open.
   */
  readonly programIds: readonly number[];
  /** The same programs with their names and attachments. */
  readonly programs: readonly CgroupProgram[];
}

/**
 * Returns the programs at a hook of a cgroup in the order in which they run (4.15; needs CAP_NET_ADMIN). Throws
 * UsageError if the path is not a cgroup, and NotSupportedError if this kernel does not have the hook.
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
    // The revision is not among the results of the reader, so read it by one more query.
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
 * Returns the programs at all hooks of a cgroup (4.15; needs CAP_NET_ADMIN). The hooks are in bpftool's order. Skips
 * hooks that this kernel does not have. Throws UsageError if the path is not a cgroup.
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

/** Returns the number of a cgroup attach type. Throws UsageError for any other attach type. */
export function cgroupAttachType(given: AttachTypeName): BpfAttachType {
  const type = typeof given === "number" ? given : attachTypeByName(given);
  if (type !== undefined && CGROUP_ATTACH_TYPES.includes(type)) return type;
  throw new UsageError(`"${given}" is not a cgroup attach type; one is, for example, cgroup_inet_egress`);
}
