import { UsageError } from "../errors/index.ts";
import { checkOptions, type OptionTable } from "../kernel/index.ts";
import { BpfElemFlag } from "../uapi/index.ts";

/** Which elements a write may touch: all (`any`), only new ones (`create`), or only existing ones (`replace`). */
export type UpdateMode = "any" | "create" | "replace";

/** How to look up an element. */
export interface LookupOptions {
  /** Holds the element's `bpf_spin_lock` while the kernel copies the value (5.1). */
  readonly lock?: boolean | undefined;
  /** Reads only the value of this CPU from a per-CPU map (7.0). */
  readonly cpu?: number | undefined;
}

/** How to write an element. */
export interface UpdateOptions {
  readonly mode?: UpdateMode | undefined;
  /** Holds the element's `bpf_spin_lock` while the kernel copies the value (5.1). */
  readonly lock?: boolean | undefined;
  /** For a per-CPU map: writes only the value of this CPU, or with `all` the same value for all CPUs (7.0). */
  readonly cpu?: number | "all" | undefined;
}

const MODES: Readonly<Record<UpdateMode, bigint>> = {
  any: BpfElemFlag.BPF_ANY,
  create: BpfElemFlag.BPF_NOEXIST,
  replace: BpfElemFlag.BPF_EXIST,
};
const CPU_SHIFT = 32n;

const LOOKUP_OPTIONS: OptionTable<LookupOptions> = { lock: "boolean", cpu: "any" };
const UPDATE_OPTIONS: OptionTable<UpdateOptions> = { mode: "any", lock: "boolean", cpu: "any" };

/** Returns the kernel's flags for a lookup. */
export function lookupFlags(options: LookupOptions): bigint {
  checkOptions("get", options, LOOKUP_OPTIONS);
  const { lock, cpu } = options;
  return (lock === true ? BpfElemFlag.BPF_F_LOCK : 0n) | (cpu === undefined ? 0n : cpuFlags(cpu));
}

/** Returns the kernel's flags for a write. Throws UsageError for an unknown mode. */
export function updateFlags(options: UpdateMode | UpdateOptions): bigint {
  if (typeof options === "string") return modeFlags(options);
  checkOptions("set", options, UPDATE_OPTIONS);
  const { mode = "any", lock, cpu } = options;
  const flags = modeFlags(mode) | (lock === true ? BpfElemFlag.BPF_F_LOCK : 0n);
  if (cpu === undefined) return flags;
  return flags | (cpu === "all" ? BpfElemFlag.BPF_F_ALL_CPUS : cpuFlags(cpu));
}

function modeFlags(mode: UpdateMode): bigint {
  if (mode === "any") return MODES.any;
  if (Object.hasOwn(MODES, mode)) return MODES[mode];
  throw new UsageError(
    `${JSON.stringify(mode)} is not a mode of writing elements; use one of ${Object.keys(MODES)
      .map((name) => JSON.stringify(name))
      .join(", ")}`,
  );
}

function cpuFlags(cpu: number): bigint {
  if (cpu >>> 0 !== cpu) throw new UsageError(`${cpu} is not a CPU number`);
  return (BigInt(cpu) << CPU_SHIFT) | BpfElemFlag.BPF_F_CPU;
}
