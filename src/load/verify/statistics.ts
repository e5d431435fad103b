/** The statistics that the verifier writes at the end of its log. */
export interface VerifierStatistics {
  /** How many instructions the verifier processed. An instruction counts each time that the verifier visits it. */
  readonly instructions: number;
  /** The largest number of instructions that the verifier may process. */
  readonly limit: number;
  readonly totalStates: number;
  readonly peakStates: number;
  readonly maxStatesPerInstruction: number;
  /** The length of the longest chain of states in which registers were read. 0 since Linux 6.18. */
  readonly markRead: number;
  /** The time in microseconds. */
  readonly time: number;
  /** The bytes of stack of each function, the program's own first. */
  readonly stack: readonly number[];
}

const PROCESSED =
  /^processed (\d{1,10}) insns \(limit (\d{1,10})\) max_states_per_insn (\d{1,10}) total_states (\d{1,10}) peak_states (\d{1,10}) mark_read (\d{1,10})/;
/** The statistics are in the last lines of the log. A line of the report of Linux 7.3 may follow them. */
const TAIL = 4096;

/** Reads the statistics at the end of a log. Returns undefined if the log has none: the verifier did not begin. */
export function readStatistics(log: string): VerifierStatistics | undefined {
  let found: RegExpExecArray | null = null;
  let time = 0;
  let stack: number[] = [];
  for (const line of log.slice(-TAIL).split("\n")) {
    found = PROCESSED.exec(line) ?? found;
    time = numberIn(/^verification time (\d{1,15}) usec/, line) ?? time;
    const depths = /^stack depth (\d{1,6}(?:\+\d{1,6}){0,255})/.exec(line)?.[1];
    if (depths !== undefined) stack = depths.split("+").map(Number);
  }
  if (found === null) return undefined;
  const [instructions = 0, limit = 0, maxStatesPerInstruction = 0, totalStates = 0, peakStates = 0, markRead = 0] =
    found.slice(1).map(Number);
  return { instructions, limit, totalStates, peakStates, maxStatesPerInstruction, markRead, time, stack };
}

function numberIn(pattern: RegExp, line: string): number | undefined {
  const digits = pattern.exec(line)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
