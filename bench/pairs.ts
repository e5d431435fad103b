import { spawnSync } from "node:child_process";

/** One side of a comparison: a command, and what to measure. */
export interface Side {
  readonly label: string;
  readonly command: readonly string[];
  /**
   * `printed`: the number of nanoseconds that the command prints. `wall`: the time from the start of its process to its
   * end.
   */
  readonly figure: "printed" | "wall";
}
export interface PairResult {
  readonly ours: number;
  readonly peer: number;
  /** The median of the ratios of all pairs: the figure of bpfts divided by that of the peer. */
  readonly ratio: number;
}

/** The time limit for a command, in case it hangs. */
const MOST_MS = 120_000;

const environment: NodeJS.ProcessEnv = { ...process.env };
// This variable adds 37 ms to each start of Node 20. That time has nothing to do with bpfts.
delete environment.NODE_EXTRA_CA_CERTS;

/**
 * Runs both sides alternately, each time in a new process. The first run of each side does not count. Returns medians
 * in nanoseconds.
 */
export function comparePair(ours: Side, peer: Side, runs: number): PairResult {
  run(ours);
  run(peer);
  const pairs = Array.from({ length: runs }, () => ({ ours: run(ours), peer: run(peer) }));
  return {
    ours: median(pairs.map((pair) => pair.ours)),
    peer: median(pairs.map((pair) => pair.peer)),
    ratio: median(pairs.map((pair) => pair.ours / pair.peer)),
  };
}

function run(side: Side): number {
  const [file, ...args] = side.command;
  const start = process.hrtime.bigint();
  const { status, stdout, stderr } = spawnSync(file as string, args, {
    encoding: "utf8",
    env: environment,
    maxBuffer: 1 << 28,
    timeout: MOST_MS,
  });
  const wall = Number(process.hrtime.bigint() - start);
  if (status !== 0) throw new Error(`${side.command.join(" ")} ended with ${status}: ${stderr}`);
  if (side.figure === "wall") return wall;
  const printed = Number(stdout.trim());
  if (!(printed > 0)) throw new Error(`${side.command.join(" ")} printed no number: ${stdout}`);
  return printed;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}
