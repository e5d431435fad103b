import { NotSupportedError } from "../../errors/index.ts";
import { kernelAtLeast, kernelConfig } from "../../sys/index.ts";
import { machineLack } from "./machine.ts";
import { FEATURES, type Feature, type FeatureName } from "./table.ts";

/** Why this kernel or machine does not have a feature. */
export type FeatureLack =
  | { readonly kind: "version"; readonly since: string }
  | { readonly kind: "config"; readonly option: string }
  | { readonly kind: "machine"; readonly reason: string };

/** What a feature needs. */
export function feature(name: FeatureName): Feature {
  return FEATURES[name];
}

/**
 * Why a feature is not there, as far as version, build configuration and machine tell; undefined where it should be.
 * A distribution may have it earlier, so this explains a failure or skips a test: nothing is refused for it.
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

/** Whether the running kernel is a feature's version or newer. */
export function hasVersion(since: string): boolean {
  const [major = 0, minor = 0] = since.split(".").map(Number);
  return kernelAtLeast(major, minor);
}

/**
 * Whether the running kernel is new enough for a feature. Only for a choice that no failed call can make: distributions
 * backport features.
 */
export function kernelHas(name: FeatureName): boolean {
  const { since } = feature(name);
  return since === undefined || hasVersion(since);
}

/** The error for a call that failed for want of a feature, if the kernel's version tells that it lacks it. */
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
 * The error for a call that failed for want of a feature; undefined where neither the kernel's version, nor its build
 * options, nor the machine say that it is missing.
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

/** Read once: it never changes. Undefined where it cannot be read, and then nothing is concluded from it. */
function buildConfig(): ReadonlyMap<string, string> | undefined {
  if (config === null) config = kernelConfig();
  return config;
}
