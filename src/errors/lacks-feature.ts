import type { Diagnosis } from "./diagnosis.ts";

/**
 * The row for NotSupportedError in the table of kinds (src/explain/kinds). It is in this file because NotSupportedError
 * makes its own diagnosis.
 */
export const LACKS_FEATURE = {
  code: "BPF-E0806",
  name: "kernel-lacks-feature",
  class: "environment",
  what: "This kernel does not support {feature}.",
  remedies: [
    "Use Linux {since} or newer.",
    "Use a kernel that has the feature. To see what this kernel has: bpfts feature probe.",
  ],
  kernels: "docs/kernels.md has the first version of each feature.",
} as const;

/** Returns the diagnosis for a feature that this kernel lacks. */
export function lacksFeature(feature: string, since: string | undefined, detail: string | undefined): Diagnosis {
  const { code, name, class: kind, what, remedies, kernels } = LACKS_FEATURE;
  const [newer, other] = remedies;
  return {
    code,
    name,
    class: kind,
    program: undefined,
    what: what.replace("{feature}", () => feature),
    where: undefined,
    why: detail === undefined ? [] : [{ place: undefined, text: detail }],
    remedies: since === undefined ? [other] : [newer.replace("{since}", () => since), other],
    kernels,
    lines: [],
    confidence: "certain",
    kernelReport: undefined,
  };
}
