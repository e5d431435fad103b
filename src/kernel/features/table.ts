import type { Feature } from "./feature.ts";
import { INSTRUCTION_FEATURES } from "./instruction-features.ts";
import { LINK_FEATURES } from "./link-features.ts";
import { MAP_FEATURES } from "./map-features.ts";
import { PROGRAM_FEATURES } from "./program-features.ts";

/** The features' names: `link:tcx`, `map:arena`. */
export type FeatureName =
  | keyof typeof LINK_FEATURES
  | keyof typeof PROGRAM_FEATURES
  | keyof typeof MAP_FEATURES
  | keyof typeof INSTRUCTION_FEATURES;

/**
 * What came to the kernel after 5.10 or depends on how it was built. Tests skip by it, refusals are explained from it,
 * docs/kernels.md is made from it.
 */
export const FEATURES: Readonly<Record<FeatureName, Feature>> = {
  ...LINK_FEATURES,
  ...PROGRAM_FEATURES,
  ...MAP_FEATURES,
  ...INSTRUCTION_FEATURES,
};
