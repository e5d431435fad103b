import { UsageError } from "../errors/index.ts";
import { BpfElemFlag } from "../uapi/index.ts";

/** Which elements a write touches: `any`, only new ones (`create`), only existing ones (`replace`). */
export type UpdateMode = "any" | "create" | "replace";

/** How to look an element up. */
export interface LookupOptions {
  /** Takes the element's `bpf_spin_lock` for the copy (5.1). */
  readonly lock?: boolean | undefined;
  /** The value of this CPU alone, of a per-CPU map (7.0). */
  readonly cpu?: number | undefined;
}

/** How to write an element. */
export interface UpdateOptions {
  readonly mode?: UpdateMode | undefined;
  /** Takes the element's `bpf_spin_lock` for the copy (5.1). */
  readonly lock?: boolean | undefined;
  /** Writes the value of this CPU alone, or one value for all of them, of a per-CPU map (7.0). */
  readonly cpu?: number | "all" | undefined;
}

const MODES: Readonly<Record<UpdateMode, bigint>> = {
  any: BpfElemFlag.BPF_ANY,
  create: BpfElemFlag.BPF_NOEXIST,
  replace: BpfElemFlag.BPF_EXIST,
};
const CPU_SHIFT = 32n;

/** The kernel's flags of a lookup. */
export function lookupFlags({ lock, cpu }: LookupOptions): bigint {
  return (lock === true ? BpfElemFlag.BPF_F_LOCK : 0n) | (cpu === undefined ? 0n : cpuFlags(cpu));
}

/** The kernel's flags of a write. */
export function updateFlags(options: UpdateMode | UpdateOptions): bigint {
  if (typeof options === "string") return MODES[options];
  const { mode = "any", lock, cpu } = options;
  const flags = MODES[mode] | (lock === true ? BpfElemFlag.BPF_F_LOCK : 0n);
  if (cpu === undefined) return flags;
  return flags | (cpu === "all" ? BpfElemFlag.BPF_F_ALL_CPUS : cpuFlags(cpu));
}

function cpuFlags(cpu: number): bigint {
  if (cpu >>> 0 !== cpu) throw new UsageError(`${cpu} is no number of a CPU`);
  return (BigInt(cpu) << CPU_SHIFT) | BpfElemFlag.BPF_F_CPU;
}
