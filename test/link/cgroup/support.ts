import type { TestContext } from "node:test";
import { featureLack } from "../../../src/kernel/features/lack.ts";
import type { FeatureName } from "../../../src/kernel/features/table.ts";
import { progQuery } from "../../../src/sys/index.ts";
import { attachTypeName, BpfAttachType } from "../../../src/uapi/index.ts";
import type { TestCgroup } from "../../support/cgroup.ts";
import { lacking } from "../../support/feature.ts";

/** What a hook of cgroups needs of the kernel beside what 5.10 has. */
export function hookNeeds(attachType: BpfAttachType): readonly FeatureName[] {
  if (attachType === BpfAttachType.BPF_LSM_CGROUP) return ["attach:lsm_cgroup", "attach:lsm_runs"];
  return attachTypeName(attachType)?.startsWith("cgroup_unix_") === true ? ["attach:cgroup_unix"] : [];
}

/** Whether this kernel should have a hook; if not, the test is skipped. */
export function needsHook(t: Pick<TestContext, "skip">, attachType: BpfAttachType): boolean {
  const reason = lacking(...hookNeeds(attachType));
  if (reason !== false) t.skip(reason);
  return reason === false;
}

/** Whether the kernel orders the programs of a cgroup: then it counts the changes of a hook, from 1. Debian's 6.12 does too. */
export function ordersCgroups({ fd }: TestCgroup): boolean {
  const { revision } = progQuery(fd, BpfAttachType.BPF_CGROUP_INET_INGRESS);
  if (revision !== 0n) return true;
  if (featureLack("order:cgroup") === undefined) throw new Error("this kernel should order the programs of a cgroup");
  return false;
}
