import { BpfError } from "../../src/errors/index.ts";
import type { Fault, FuzzTarget } from "./target.ts";

/** No input of the fuzzer's size may take longer, or more memory. */
export const MOST_MILLISECONDS = 1000;
export const MOST_MEGABYTES = 512;

/**
 * Runs a target on an input. Returns what is wrong; undefined where nothing is. A test, which may run on a slow or
 * emulated machine, gives a longer time than the fuzzer does.
 */
export function checkInput(
  target: FuzzTarget,
  data: Uint8Array,
  mostMilliseconds: number = MOST_MILLISECONDS,
): Fault | undefined {
  const before = memoryInUse();
  const fault = checkTimeAndError(target, data, mostMilliseconds);
  if (fault !== undefined) return fault;
  const taken = memoryInUse() - before;
  return taken > MOST_MEGABYTES * 1e6 ? { kind: "memory", detail: `${Math.round(taken / 1e6)} MB` } : undefined;
}

/** Bytes that this thread has taken and not given back. */
export function memoryInUse(): number {
  const { external, heapUsed } = process.memoryUsage();
  return external + heapUsed;
}

/** As {@link checkInput}, without the look at the memory, which takes longer than many inputs do. */
export function checkTimeAndError(
  target: FuzzTarget,
  data: Uint8Array,
  mostMilliseconds: number = MOST_MILLISECONDS,
): Fault | undefined {
  const start = performance.now();
  const error = errorOf(target, data);
  if (error !== undefined) return error;
  if (performance.now() - start > mostMilliseconds) {
    // Another process may have had the processor: count what this one took, of the second run.
    const before = process.cpuUsage();
    errorOf(target, data);
    const { user, system } = process.cpuUsage(before);
    const milliseconds = Math.round((user + system) / 1000);
    if (milliseconds > mostMilliseconds) return { kind: "time", detail: `${milliseconds} ms of processor time` };
  }
  return undefined;
}

function errorOf(target: FuzzTarget, data: Uint8Array): Fault | undefined {
  try {
    target.run(data);
    return undefined;
  } catch (error) {
    if (error instanceof BpfError) return undefined;
    return { kind: "error", detail: describe(error) };
  }
}

/** The error and the first place of our own in its stack. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return `threw ${String(error)}`;
  const place = error.stack?.split("\n").find((line) => line.includes("/src/")) ?? "";
  return `${error.name}: ${error.message.slice(0, 200)} ${place
    .trim()
    .replace(/^at /, "in ")
    .replace(/file:\S*\/src\//, "src/")}`;
}
