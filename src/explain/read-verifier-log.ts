import { cleanLine } from "./clean-line.ts";
import type { KernelReport } from "./diagnosis.ts";
import { kernelReportStart, readKernelReport } from "./kernel-report.ts";
import { kindOfLine } from "./log-line.ts";
import { verdictOf } from "./verdict.ts";

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

/** Reads the verifier's log of one program as the kernel wrote it, whole or truncated, from any kernel version. */
export function readVerifierLog(log: readonly string[]): VerifierVerdict {
  const lines = log.map(cleanLine);
  const start = kernelReportStart(lines);
  const structured = start < 0 ? undefined : readKernelReport(lines, start);
  const classic = start < 0 ? lines : lines.slice(0, start);
  const verdict = verdictOf({ lines: classic, kinds: classic.map(kindOfLine) }, classic.length);
  return {
    telling: verdict.lines.at(-1),
    slot: structured?.slot ?? verdict.slot,
    source: classic
      .findLast((text) => text.startsWith("; "))
      ?.slice(2)
      .trim(),
    report: structured?.report,
  };
}
