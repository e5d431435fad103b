import { BpfError, type Diagnosis, errnoName, errnoText } from "../errors/index.ts";
import { explainVerifierLog, formatShortDiagnosis, type KernelReport, readVerifierLog } from "../explain/index.ts";
import type { ObjectSpec } from "../object/index.ts";
import type { Poison } from "./relocate.ts";

/**
 * The verifier refused a program. The message begins with the log's line that gives the reason. `log` has all lines.
 */
export class VerifierError extends BpfError {
  /** The name of the program in the object. */
  readonly program: string;
  /** The positive errno of BPF_PROG_LOAD. */
  readonly errno: number;
  /** The verifier's log, line by line. */
  readonly log: readonly string[];
  /**
   * False if the log does not give the reason, because the kernel refused the program before or after the verifier ran.
   */
  readonly hasReason: boolean;
  /** The line of the log that gives the reason. Without such a line, the errno's text. */
  readonly telling: string;
  /** The slot of the refused instruction, if the log names it. */
  readonly slot: number | undefined;
  /** The source line of the refused instruction as `file.c:12: source text`, if the program has line information. */
  readonly sourceLine: string | undefined;
  /** The kernel's own report: the reason, the place, the causal path and a suggestion (Linux 7.3). */
  readonly kernelReport: KernelReport | undefined;

  constructor(
    data: {
      program: string;
      errno: number;
      log: string;
      /** The reason why each poisoned instruction was poisoned before the load, by the instruction's slot. */
      poisoned?: ReadonlyMap<number, Poison> | undefined;
      lineAt?: ((slot: number) => string | undefined) | undefined;
      /** The program's object, for the places in the diagnosis. */
      object?: ObjectSpec | undefined;
    },
    options?: ErrorOptions,
  ) {
    const log = data.log.split("\n").map((line) => line.trimEnd());
    while (log.at(-1) === "") log.pop();
    const { telling: line, slot, source, report } = readVerifierLog(log);
    const telling = line ?? `${errnoText(data.errno)} (${errnoName(data.errno)})`;
    const poison = /unknown#\d+/.test(telling) && slot !== undefined ? data.poisoned?.get(slot) : undefined;
    const sourceLine = (slot === undefined ? undefined : data.lineAt?.(slot)) ?? source;
    const clauses = [
      `program ${data.program} is refused by the verifier${slot === undefined ? "" : ` at instruction ${slot}`}: ` +
        withoutStop(poison?.reason ?? report?.reason ?? telling),
    ];
    if (sourceLine !== undefined) clauses.push(`source: ${sourceLine.replace(/;$/, "")}`);
    if (report?.suggestion !== undefined) clauses.push(`suggestion: ${withoutStop(report.suggestion)}`);
    const diagnose = (): Diagnosis | undefined => {
      const ofLog = explainVerifierLog(log, { object: data.object, program: data.program });
      // The loader knows why it poisoned the instruction. The log has only the instruction and the kernel's message.
      const ofPoison = poison?.diagnose();
      return ofLog === undefined || ofPoison === undefined
        ? ofLog
        : { ...ofLog, ...ofPoison, program: data.program, where: ofLog.where, lines: ofLog.lines };
    };
    super("VERIFIER", clauses.join("; "), { ...options, diagnose });
    this.program = data.program;
    this.errno = data.errno;
    this.log = log;
    this.hasReason = line !== undefined || report !== undefined;
    this.telling = telling;
    this.slot = slot;
    this.sourceLine = sourceLine;
    this.kernelReport = report;
  }

  /** The diagnosis in a few lines of text; empty if there is none. */
  get explanation(): string {
    const { diagnosis } = this;
    return diagnosis === undefined || diagnosis.class === "unknown" ? "" : formatShortDiagnosis(diagnosis);
  }
}

function withoutStop(sentence: string): string {
  return sentence.replace(/\.$/, "");
}
