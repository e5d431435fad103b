import type { KernelReport } from "../errors/index.ts";

const FAILED = "Verification failed: ";

/** Returns the index of the line that begins the report of Linux 7.3; -1 if the log has none. */
export function kernelReportStart(log: readonly string[]): number {
  return log.findLastIndex((line) => line.startsWith(FAILED));
}

/** Reads the report of Linux 7.3, which begins at `log[start]`. `slot` is the instruction that the report marks. */
export function readKernelReport(
  log: readonly string[],
  start: number,
): { report: KernelReport; slot: number | undefined } | undefined {
  const sections = new Map<string, string[]>();
  let current: string[] | undefined;
  for (let i = start + 1; i < log.length; i++) {
    const line = log[i] as string;
    const heading = /^(\w[\w ]{0,40}):$/.exec(line)?.[1];
    if (heading !== undefined) {
      current = [];
      sections.set(heading, current);
    } else if (line.startsWith("  ")) current?.push(line.slice(2));
    else if (line !== "") break;
  }
  const sentence = (name: string): string | undefined =>
    sections
      .get(name)
      ?.map((line) => line.trim())
      .join(" ");
  const reason = sentence("Reason");
  if (reason === undefined) return undefined;
  const at = sections.get("At") ?? [];
  const context = at.indexOf("Instruction context:");
  const marked = context < 0 ? undefined : at.slice(context).find((line) => line.trimStart().startsWith(">>>"));
  const slot = /^\s*>>>\s*(\d{1,7}) \|/.exec(marked ?? "")?.[1] ?? /^insn (\d{1,7})/.exec(at[0] ?? "")?.[1];
  return {
    slot: slot === undefined ? undefined : Number(slot),
    report: {
      title: (log[start] as string).slice(FAILED.length),
      reason,
      place: at[0]?.includes(" @ ") === true ? at[0] : undefined,
      causalPath: sections.get("Causal path") ?? [],
      suggestion: sentence("Suggestion"),
    },
  };
}
