import { BpfError } from "../../errors/index.ts";
import { checkOptions, type OptionTable } from "../../kernel/index.ts";
import { mapTraits } from "../../map/index.ts";
import type { ObjectSpec, ProgramSpec } from "../../object/index.ts";
import { BpfLogLevel } from "../../uapi/index.ts";
import { loadObject } from "../load-object.ts";
import { VerifierError } from "../verifier-error.ts";
import { type HotSpots, hotSpots } from "./hot-spots.ts";
import { readStatistics, type VerifierStatistics } from "./statistics.ts";

/** What the verifier did with a program. */
export interface Verification {
  readonly program: ProgramSpec;
  /** `not verified`: the load failed before the verifier began, for instance because the kernel lacks something. */
  readonly verdict: "accepted" | "refused" | "not verified";
  /** Why the program was not accepted. Its `diagnosis` says more. */
  readonly error: BpfError | undefined;
  /** Undefined if the verifier did not begin. */
  readonly statistics: VerifierStatistics | undefined;
  /** Where the verifier spends its budget. Undefined without the option `hot`. */
  readonly hot: HotSpots | undefined;
}

/** How to verify programs. */
export interface VerifyOptions {
  /** The names of the programs. Default: all of the object, also those that are not loaded by default. */
  readonly programs?: readonly string[] | undefined;
  /** Whether to find out where the verifier spends its budget. The verifier then writes a long log. */
  readonly hot?: boolean | undefined;
  /** The BTF to relocate against, instead of the running kernel's BTF: the path of a file. */
  readonly kernelBtf?: string | undefined;
}

const OPTIONS: OptionTable<VerifyOptions> = { programs: "any", hot: "boolean", kernelBtf: "text" };

/**
 * Loads each program of an object by itself and returns what the verifier did. Keeps no program, pins nothing and
 * attaches nothing. Maps are created without pins, and with one element if they have no max_entries: for that, this
 * function changes the maps of the spec.
 */
export function verifyPrograms(object: ObjectSpec, options: VerifyOptions = {}): Verification[] {
  checkOptions("verifyPrograms", options, OPTIONS);
  const programs = options.programs?.map((name) => object.program(name)) ?? [
    ...new Set(Object.values(object.programs)),
  ];
  for (const map of Object.values(object.maps)) {
    map.pinning = "none";
    const { key } = mapTraits(map.type);
    const needsEntries = key === "typed" || key === "index" || key === "prefix" || key === "none";
    if (needsEntries && map.maxEntries === 0 && map.structOps === undefined) map.maxEntries = 1;
  }
  return programs.map((program) => verify(object, program, options));
}

function verify(object: ObjectSpec, program: ProgramSpec, { hot = false, kernelBtf }: VerifyOptions): Verification {
  let log = "";
  const load = (logLevel: number): BpfError | undefined => {
    try {
      loadObject(object, {
        programs: [program.name],
        kernelBtf,
        logLevel,
        onLog: (_, text) => {
          log = text;
        },
      }).close();
    } catch (error) {
      if (!(error instanceof BpfError)) throw error;
      return error;
    }
    return undefined;
  };
  const level = BpfLogLevel.BPF_LOG_STATS | (hot ? BpfLogLevel.BPF_LOG_LEVEL2 : 0);
  const error = load(level);
  const statistics = readStatistics(log);
  const places = hot && statistics !== undefined ? hotSpots(log, program, object) : undefined;
  if (error === undefined) return { program, verdict: "accepted", error, statistics, hot: places };
  const verdict = error instanceof VerifierError ? "refused" : "not verified";
  // The log of the statistics has only the reason. The log of a load without a level has the path that leads there.
  const reason = verdict === "refused" ? (load(0) ?? error) : error;
  return { program, verdict, error: reason, statistics, hot: places };
}
