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
 * The features that came after Linux 5.10, or that depend on the kernel's build options or the machine. Tests skip by
 * this table, errors explain refusals from it, and docs/kernels.md is made from it.
 */
export const FEATURES: Readonly<Record<FeatureName, Feature>> = {
  ...LINK_FEATURES,
  ...PROGRAM_FEATURES,
  ...MAP_FEATURES,
  ...INSTRUCTION_FEATURES,
};

/** The requirements of a feature. */
export interface Feature {
  /** Its name in the field's words, such as `tcx links`. */
  readonly what: string;
  /** The first kernel that has it, such as `6.6`; absent if every supported kernel (5.10 on) has it. */
  readonly since?: string;
  /** The build options that it needs, all of them: `CONFIG_NETKIT`. */
  readonly config?: readonly string[];
  /** What the machine must have or allow. */
  readonly machine?: MachineCondition;
}

/**
 * Conditions that a kernel of the right version and configuration may still not meet:
 * - `trampoline`: programs on a trampoline load. A vendor's lockdown refuses to patch kernel functions;
 * - `lsm`: `bpf` is in the list of active security modules (`lsm=` on the kernel's command line);
 * - `counters`: the processor has performance counters. Most virtual machines have none;
 * - `element_iterators`: iterators over the elements of a map load. A vendor's kernel refuses them with EPERM.
 */
export type MachineCondition = "trampoline" | "lsm" | "counters" | "element_iterators";
