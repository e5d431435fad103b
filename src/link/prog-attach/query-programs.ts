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
  /**
   * The id of the program's link. Undefined if the program has no link, or if the kernel does not report links for this
   * hook (cgroup, netns, sockmap).
   */
  readonly linkId: number | undefined;
  /** The BPF_F_* flags of this program. Undefined if the kernel does not report the flags of each program. */
  readonly attachFlags: number | undefined;
}

/** The programs at a hook. */
export interface AttachedPrograms {
  /** The programs in the order in which they run. */
  readonly programs: readonly AttachedProgram[];
  /** The BPF_F_* flags of the whole hook; 0 for most hooks. */
  readonly attachFlags: number;
  /**
   * The revision of the list, for `expectedRevision`. Undefined if the kernel does not count revisions for this hook.
   */
  readonly revision: bigint | undefined;
}

/** Options of {@link queryPrograms}. */
export interface QueryOptions {
  /** For cgroups: include the programs inherited from ancestor cgroups. */
  readonly effective?: boolean | undefined;
}

const OPTIONS: OptionTable<QueryOptions> = { effective: "boolean" };

/**
 * Lists the programs at a hook (4.15; tcx 6.6, netkit 6.7, sockmap 5.18). Retries if the list grows during the query.
 * Throws UsageError if the target does not exist, NotSupportedError if this kernel cannot query the hook.
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
      explain: ({ errno }: { errno: number }) => (errno === Errno.EINVAL ? "the target has no such hook" : undefined),
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
