import type { Verification } from "../../load/index.ts";
import { progTypeName } from "../../uapi/index.ts";
import { CommandError } from "../failure/command-error.ts";

/** The result for one program, as in the JSON of `verify`. */
export interface ProgramResult {
  readonly file: string;
  readonly program: string;
  readonly type: string;
  readonly verdict: string;
  /** What the verifier did; absent if it did not begin. */
  readonly instructions?: number;
  readonly limit?: number;
  readonly states?: number;
  readonly peak_states?: number;
  readonly max_states_per_insn?: number;
  readonly time_us?: number;
  readonly stack?: readonly number[];
  /** The instructions of the program. */
  readonly size: number;
  readonly error?: string;
  /** The code of the diagnosis. */
  readonly code?: string;
  readonly remedy?: string;
  readonly hot_lines?: readonly HotPlace[];
  readonly hot_functions?: readonly HotPlace[];
}

/** A place, and how many instructions the verifier processed there. */
export interface HotPlace {
  readonly place: string;
  readonly source?: string;
  readonly instructions: number;
}

/** The results of one run of `verify`. */
export interface Results {
  readonly kernel: string;
  readonly programs: readonly ProgramResult[];
}

/** Returns the result of a program for JSON and for tables. `hot` is how many places to keep. */
export function resultOf(
  file: string,
  { program, verdict, error, statistics, hot }: Verification,
  most: number,
): ProgramResult {
  const diagnosis = error?.diagnosis;
  return {
    file,
    program: program.name,
    type: progTypeName(program.type) ?? String(program.type),
    verdict,
    ...(statistics !== undefined && {
      instructions: statistics.instructions,
      limit: statistics.limit,
      states: statistics.totalStates,
      peak_states: statistics.peakStates,
      max_states_per_insn: statistics.maxStatesPerInstruction,
      time_us: statistics.time,
      stack: statistics.stack,
    }),
    size: program.instructions.length / 8,
    ...(error !== undefined && { error: error.message }),
    ...(diagnosis !== undefined && { code: diagnosis.code, remedy: diagnosis.remedies[0] ?? "" }),
    ...(hot !== undefined && {
      hot_lines: hot.lines.slice(0, most).map(hotPlace),
      hot_functions: hot.functions.slice(0, most).map(hotPlace),
    }),
  };
}

function hotPlace({
  place,
  source,
  instructions,
}: {
  place: string;
  source: string | undefined;
  instructions: number;
}): HotPlace {
  return { place, ...(source !== undefined && { source }), instructions };
}

/** Parses a file that `bpfts -j verify` wrote. */
export function parseResults(text: string, file: string): Results {
  let value: Partial<Results> | undefined;
  try {
    value = JSON.parse(text) as Partial<Results>;
  } catch (cause) {
    throw new CommandError(`${file} is not JSON; write it with: bpfts -j verify OBJ > ${file}`, { cause });
  }
  const { kernel, programs } = value ?? {};
  const isResult = (one: Partial<ProgramResult> | null): boolean =>
    typeof one?.program === "string" && typeof one.file === "string" && typeof one.verdict === "string";
  if (typeof kernel !== "string" || !Array.isArray(programs) || !programs.every(isResult)) {
    throw new CommandError(`${file} does not have the results of 'bpfts -j verify'`);
  }
  return { kernel, programs: programs as ProgramResult[] };
}

/** A program that is worse than before. */
export interface Regression {
  readonly file: string;
  readonly program: string;
  readonly reason: string;
}

/** Finds the earlier result of a program. */
export type EarlierResults = (now: ProgramResult) => ProgramResult | undefined;

/** What a comparison with earlier results found. */
export interface Comparison {
  readonly earlier: EarlierResults;
  readonly regressions: readonly Regression[];
}

/**
 * Matches results with earlier ones. Programs are matched by file and name. If both sides have one file each, programs
 * are matched by name alone.
 */
export function earlierResults(now: readonly ProgramResult[], before: readonly ProgramResult[]): EarlierResults {
  const isPair = new Set(now.map(({ file }) => file)).size === 1 && new Set(before.map(({ file }) => file)).size === 1;
  const keyOf = ({ file, program }: ProgramResult): string => (isPair ? program : `${file}\n${program}`);
  const old = new Map(before.map((one) => [keyOf(one), one]));
  return (one) => old.get(keyOf(one));
}

/** Returns the programs that are worse than before. A new program is worse if it is not accepted. */
export function regressions(now: readonly ProgramResult[], earlier: EarlierResults, growth: number): Regression[] {
  return now.flatMap((one) => {
    const reason = worse(one, earlier(one), growth);
    return reason === undefined ? [] : [{ file: one.file, program: one.program, reason }];
  });
}

function worse(now: ProgramResult, before: ProgramResult | undefined, growth: number): string | undefined {
  if (now.verdict !== "accepted") {
    if (before !== undefined && before.verdict !== "accepted") return undefined;
    return `it is ${now.verdict}${before === undefined ? "" : " and was accepted"}: ${now.error ?? ""}`;
  }
  const [from, to] = [before?.instructions ?? 0, now.instructions ?? 0];
  if (before === undefined || from === 0 || to <= from * (1 + growth / 100)) return undefined;
  const percent = Math.round((to / from - 1) * 1000) / 10;
  return `the verifier processes ${to} instructions instead of ${from} (+${percent} %, more than ${growth} %)`;
}
