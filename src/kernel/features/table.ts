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

/** What a feature of the kernel needs. */
export interface Feature {
  /** In the field's words, such as `tcx links`. */
  readonly what: string;
  /** The first kernel that has it, such as `6.6`; absent where every supported kernel (5.10 on) does. */
  readonly since?: string;
  /** Options that it was built with, all of them: `CONFIG_NETKIT`. */
  readonly config?: readonly string[];
  /** What the machine must allow or have, beyond its kernel. */
  readonly machine?: MachineCondition;
}

/**
 * What a kernel of the right version and configuration may still not give:
 * - `trampoline`: a vendor's lockdown refuses to patch kernel functions, so every program of a trampoline is refused;
 * - `lsm`: `bpf` stands in the list of active security modules (`lsm=` of the kernel's command line);
 * - `counters`: the processor's performance counters are there; most virtual machines have none;
 * - `element_iterators`: iterators over the elements of a map load. A vendor's kernel refuses them with EPERM.
 */
export type MachineCondition = "trampoline" | "lsm" | "counters" | "element_iterators";
