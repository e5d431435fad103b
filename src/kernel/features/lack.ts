import { NotSupportedError } from "../../errors/index.ts";
import { kernelAtLeast, kernelConfig } from "../../sys/index.ts";
import { machineLack } from "./machine.ts";
import { FEATURES, type Feature, type FeatureName } from "./table.ts";

/** Why this kernel or machine lacks a feature. */
export type FeatureLack =
  | { readonly kind: "version"; readonly since: string }
  | { readonly kind: "config"; readonly option: string }
  | { readonly kind: "machine"; readonly reason: string };

/** What a feature needs. */
export function feature(name: FeatureName): Feature {
  return FEATURES[name];
}

/**
 * Returns why a feature is missing, by the kernel's version and build options and by the machine; undefined if it
 * should be there. Distributions backport features, so use it to explain a failure or skip a test, never to refuse a
 * call.
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

/** Whether the running kernel has a feature's first version or a newer one. */
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

/** Makes the error of a call that failed because the kernel is too old for a feature; undefined if it is not. */
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
 * Makes the error of a call that failed because a feature is missing; undefined if it should be there by the kernel's
 * version, its build options and the machine.
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

/** The kernel's build options, read once; undefined if they cannot be read. */
function buildConfig(): ReadonlyMap<string, string> | undefined {
  if (config === null) config = kernelConfig();
  return config;
}
