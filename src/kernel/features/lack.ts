import { NotSupportedError } from "../../errors/index.ts";
import { kernelAtLeast, kernelConfig } from "../../sys/index.ts";
import { machineLack } from "./machine.ts";
import { FEATURES, type Feature, type FeatureName } from "./table.ts";

/** The reason why a feature is missing on this kernel or machine. */
export type FeatureLack =
  | { readonly kind: "version"; readonly since: string }
  | { readonly kind: "config"; readonly option: string }
  | { readonly kind: "machine"; readonly reason: string };

/** Returns the requirements of a feature. */
export function feature(name: FeatureName): Feature {
  return FEATURES[name];
}

/**
 * Returns why a feature is missing, judging by the kernel's version, its build options and the machine. Returns
 * undefined if none of these explains it. An old kernel may have the feature nevertheless, because distributions
 * backport features. So use this function to explain a failure or to skip a test, never to reject a call beforehand.
 */
export function featureLack(name: FeatureName): FeatureLack | undefined {
  const { since, config: options = [], machine } = feature(name);
  if (since !== undefined && !hasVersion(since)) return { kind: "version", since };
  const config = options.length > 0 ? buildConfig() : undefined;
  const option = options.find((needed) => config !== undefined && !config.has(needed));
  if (option !== undefined) return { kind: "config", option };
  const reason = machine === undefined ? undefined : machineLack(machine);
  return reason === undefined ? undefined : { kind: "machine", reason };
}

/** Returns true if the running kernel's version is `since` or newer. */
export function hasVersion(since: string): boolean {
  const [major = 0, minor = 0] = since.split(".").map(Number);
  return kernelAtLeast(major, minor);
}

/**
 * Returns true if the running kernel's version is new enough for a feature. A distribution may have backported the
 * feature to an older version. So use this only where no call fails on an old kernel; otherwise try the call.
 */
export function kernelHas(name: FeatureName): boolean {
  const { since } = feature(name);
  return since === undefined || hasVersion(since);
}

/**
 * Returns the error for a call that failed because the kernel is too old for a feature; undefined if the kernel is new
 * enough.
 */
export function tooOldFor(
  name: FeatureName,
  data: { readonly what?: string; readonly detail?: string },
  cause: unknown,
): NotSupportedError | undefined {
  const { what, since } = feature(name);
  if (since === undefined || kernelHas(name)) return undefined;
  return new NotSupportedError(
    { feature: data.what ?? what, minVersion: since, ...(data.detail !== undefined && { detail: data.detail }) },
    { cause },
  );
}

/**
 * Returns the error for a call that failed because a feature is missing. Returns undefined if the kernel's version, its
 * build options and the machine do not explain the failure.
 */
export function lackError(
  name: FeatureName,
  data: { readonly what?: string },
  cause: unknown,
): NotSupportedError | undefined {
  const lack = featureLack(name);
  if (lack === undefined) return undefined;
  const what = data.what ?? feature(name).what;
  if (lack.kind === "version") return new NotSupportedError({ feature: what, minVersion: lack.since }, { cause });
  const detail = lack.kind === "config" ? `it was built without ${lack.option}` : lack.reason;
  return new NotSupportedError({ feature: what, detail }, { cause });
}

let config: ReadonlyMap<string, string> | undefined | null = null;

/** Returns the kernel's build options, which are read once; undefined if they cannot be read. */
function buildConfig(): ReadonlyMap<string, string> | undefined {
  if (config === null) config = kernelConfig();
  return config;
}
