import { Errno } from "../../errors/index.ts";
import { checkOptions, type FeatureName, type OptionTable } from "../../kernel/index.ts";
import { progQuery } from "../../sys/index.ts";
import { BpfAttachType, BpfQueryFlag } from "../../uapi/index.ts";
import { type AttachTypeName, attachTypeNumber } from "../attach-arguments.ts";
import { explainedQuery } from "../hook.ts";
import { HOOK_TARGETS, type HookTarget, withHookTarget } from "./hook-target.ts";

/** One program at a hook. */
export interface AttachedProgram {
  readonly id: number;
  /** The link that holds it there; undefined if none does, or where the kernel does not tell (cgroup, netns, sockmap). */
  readonly linkId: number | undefined;
  /** BPF_F_* with which it was attached; undefined where the kernel does not tell each program's. */
  readonly attachFlags: number | undefined;
}

/** What stands at a hook. */
export interface AttachedPrograms {
  /** In the order in which they run. */
  readonly programs: readonly AttachedProgram[];
  /** BPF_F_* of the hook as a whole; 0 for most. */
  readonly attachFlags: number;
  /** Counts the changes of the list, for an `expectedRevision`; undefined where the kernel does not count. */
  readonly revision: bigint | undefined;
}

/** How {@link queryPrograms} asks. */
export interface QueryOptions {
  /** For cgroups: also what runs because a cgroup above attached it. */
  readonly effective?: boolean | undefined;
}

const OPTIONS: OptionTable<QueryOptions> = { effective: "boolean" };

/**
 * Lists the programs at a hook (4.15; tcx 6.6, netkit 6.7, sockmap 5.18). A list that grew between two calls is asked for
 * again. Throws UsageError where the target is not there, NotSupportedError where this kernel cannot be asked.
 */
export function queryPrograms(
  at: HookTarget,
  attachType: AttachTypeName,
  options: QueryOptions = {},
): AttachedPrograms {
  checkOptions<object>("queryPrograms", at as unknown, HOOK_TARGETS);
  checkOptions("queryPrograms", options, OPTIONS);
  const type = attachTypeNumber(attachType);
  const query_flags = options.effective === true ? BpfQueryFlag.BPF_F_QUERY_EFFECTIVE : 0;
  return withHookTarget(at, (target, name) => {
    const hook = {
      name,
      attachType: type,
      feature: FEATURES.get(type),
      explain: ({ errno }: { errno: number }) => (errno === Errno.EINVAL ? "it has no such hook" : undefined),
    };
    const answer = explainedQuery(hook, () => progQuery(target, type, { query_flags }));
    const { prog_ids, link_ids, link_attach_flags, prog_attach_flags, attach_flags, revision } = answer;
    return {
      programs: prog_ids.map((id, i) => ({
        id,
        linkId: link_ids?.[i] || undefined,
        attachFlags: link_attach_flags?.[i] ?? prog_attach_flags?.[i],
      })),
      attachFlags: attach_flags,
      revision: revision === 0n ? undefined : revision,
    };
  });
}

const t = BpfAttachType;
const FEATURES: ReadonlyMap<number, FeatureName> = new Map([
  [t.BPF_TCX_INGRESS, "link:tcx"],
  [t.BPF_TCX_EGRESS, "link:tcx"],
  [t.BPF_NETKIT_PRIMARY, "link:netkit"],
  [t.BPF_NETKIT_PEER, "link:netkit"],
  [t.BPF_SK_MSG_VERDICT, "query:sockmap"],
  [t.BPF_SK_SKB_VERDICT, "query:sockmap"],
  [t.BPF_SK_SKB_STREAM_VERDICT, "query:sockmap"],
  [t.BPF_SK_SKB_STREAM_PARSER, "query:sockmap"],
] as const);
