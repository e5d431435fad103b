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
