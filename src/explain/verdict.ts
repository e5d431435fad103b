import type { ReadLog } from "./history.ts";

/** The reason that a log gives, and the refused instruction. */
export interface Verdict {
  /** The lines that give the reason. */
  readonly lines: readonly string[];
  /** The slot of the refused instruction. */
  readonly slot: number | undefined;
  /** The index of the refused instruction's line in the log; -1 if the log does not have it. */
  readonly index: number;
}

/** A reason has at most this many lines. */
const MOST_LINES = 8;
/** Matches lines that loaders add after the log. */
const NOISE =
  /^(?:libbpf:|Error:|ERROR:|HINT:|Caused by|\d{0,2}:? ?\(?os error|prog '|map '|failed to |Failed to |bpf: Failed|Traceback|thread '|note: |stack backtrace|-- (?:BEGIN|END))/;

/** Finds the reason in the classic log, which ends before line `end`. */
export function verdictOf(log: ReadLog, end: number): Verdict {
  const { lines, kinds } = log;
  let last = end - 1;
  for (; last >= 0; last--) {
    const kind = kinds[last];
    if (kind === "instruction") {
      last = -1;
      break;
    }
    if (kind === "other" && !NOISE.test(lines[last] as string)) break;
  }
  const reason: string[] = [];
  for (let i = last; i >= 0 && kinds[i] === "other" && reason.length < MOST_LINES; i--) {
    if (!NOISE.test(lines[i] as string)) reason.unshift((lines[i] as string).trim());
  }
  const named = namedSlot(reason);
  const index = lastInstruction(log, last < 0 ? end : last, named);
  const visited = index < 0 ? undefined : Number.parseInt(lines[index] as string, 10);
  return { lines: reason, slot: named ?? visited, index };
}

/** Returns the slot in the reason: `infinite loop detected at insn 1`, `unreachable insn 4`. */
function namedSlot(reason: readonly string[]): number | undefined {
  for (const line of reason) {
    const slot = /\b(?:at|from|unreachable) insn (\d{1,7})/.exec(line)?.[1];
    if (slot !== undefined) return Number(slot);
  }
  return undefined;
}

/** Returns the index of the last instruction before line `end`; with `slot`, of the last visit of this slot. */
export function lastInstruction({ lines, kinds }: ReadLog, end: number, slot?: number): number {
  for (let i = end - 1; i >= 0; i--) {
    if (kinds[i] !== "instruction") continue;
    if (slot === undefined || Number.parseInt(lines[i] as string, 10) === slot) return i;
  }
  return -1;
}
