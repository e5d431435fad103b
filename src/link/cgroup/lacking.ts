import { NotSupportedError } from "../../errors/index.ts";
import { FEATURES, type FeatureName } from "../../kernel/index.ts";
import { attachTypeName, BpfAttachType } from "../../uapi/index.ts";

/** The error of an attach type that this kernel does not have. */
export function lacking(attachType: BpfAttachType): NotSupportedError {
  const name = attachTypeName(attachType) ?? `attach type ${attachType}`;
  return unsupported(featureOf(attachType, name), `${name} programs on cgroups`);
}

/** The error for a feature of cgroups, by the table of features. */
export function unsupported(name: FeatureName | undefined, what?: string): NotSupportedError {
  if (name === undefined) return new NotSupportedError({ feature: what ?? "this" });
  const { what: feature, since, config } = FEATURES[name];
  const detail = config === undefined ? undefined : `it also needs ${config.join(" and ")}`;
  return new NotSupportedError({
    feature: what ?? feature,
    minVersion: since,
    ...(detail !== undefined && { detail }),
  });
}

function featureOf(attachType: BpfAttachType, name: string): FeatureName | undefined {
  if (attachType === BpfAttachType.BPF_LSM_CGROUP) return "attach:lsm_cgroup";
  return name.startsWith("cgroup_unix_") ? "attach:cgroup_unix" : undefined;
}
