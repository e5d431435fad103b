import type { KernelReport } from "../errors/index.ts";
import { cleanLine } from "./clean-line.ts";
import type { ReadLog } from "./history.ts";
import { kernelReportStart, readKernelReport } from "./kernel-report.ts";
import { kindOfLine } from "./log-line.ts";
import { type Verdict, verdictOf } from "./verdict.ts";

/** Why the verifier refused a program, as read from its log. */
export interface VerifierVerdict {
  /** The line that gives the reason. */
  readonly telling: string | undefined;
  /** The slot of the refused instruction. */
  readonly slot: number | undefined;
  /** The last source line in the log, if the program has line information. */
  readonly source: string | undefined;
  readonly report: KernelReport | undefined;
}

/** A log that was taken apart. */
export interface RefusedLog {
  readonly log: ReadLog;
  /** The number of lines before the report of Linux 7.3. */
  readonly classicLength: number;
  readonly verdict: Verdict;
  /** The slot of the refused instruction: the one that the kernel's report marks, or else that of the verdict. */
  readonly slot: number | undefined;
  readonly report: KernelReport | undefined;
}

/** Takes a log of clean lines apart into the kernel's report and the classic log before it. */
export function readRefusedLog(lines: readonly string[]): RefusedLog {
  const log: ReadLog = { lines, kinds: lines.map(kindOfLine) };
  const start = kernelReportStart(lines);
  const structured = start < 0 ? undefined : readKernelReport(lines, start);
  const classicLength = start < 0 ? lines.length : start;
  const verdict = verdictOf(log, classicLength);
  return { log, classicLength, verdict, slot: structured?.slot ?? verdict.slot, report: structured?.report };
}

/** Reads the verifier's log of one program as the kernel wrote it, whole or truncated, from any kernel version. */
export function readVerifierLog(log: readonly string[]): VerifierVerdict {
  const lines = log.map(cleanLine);
  const { classicLength, verdict, slot, report } = readRefusedLog(lines);
  return {
    telling: verdict.lines.at(-1),
    slot,
    source: lines
      .slice(0, classicLength)
      .findLast((text) => text.startsWith("; "))
      ?.slice(2)
      .trim(),
    report,
  };
}
