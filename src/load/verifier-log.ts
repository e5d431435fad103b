/** Why the verifier refused a program, as read from its log. */
export interface VerifierVerdict {
  /** The line that gives the reason. */
  readonly telling: string | undefined;
  /** The slot of the refused instruction. */
  readonly slot: number | undefined;
  /** The last source line in the log, if the program has line information. */
  readonly source: string | undefined;
  /** The diagnosis that Linux 7.3 and newer add to the classic log. */
  readonly diagnosis: Diagnosis | undefined;
}

/**
 * The structured part of the log (Linux 7.3). Texts that the kernel wrapped are joined; the causal path keeps its
 * lines.
 */
export interface Diagnosis {
  /** The kind of the fault and the fault: `Register Type Safety: Invalid dereference`. */
  readonly title: string;
  readonly reason: string;
  /** The place of the fault as `function @ file.c:line:column`; undefined without line information. */
  readonly place: string | undefined;
  /** The steps of the program that lead to the fault, with their source lines and instructions. */
  readonly causalPath: readonly string[];
  readonly suggestion: string | undefined;
}

/** Reads the verifier's log, which may be truncated and from any kernel version. */
export function readVerifierLog(log: readonly string[]): VerifierVerdict {
  const start = log.findLastIndex((line) => line.startsWith(FAILED));
  const classic = start < 0 ? log : log.slice(0, start);
  const structured = start < 0 ? undefined : readDiagnosis(log.slice(start));
  const telling = tellingLine(classic);
  return {
    telling,
    slot: structured?.slot ?? namedSlot(telling) ?? failingSlot(classic),
    source: classic
      .findLast((text) => text.startsWith("; "))
      ?.slice(2)
      .trim(),
    diagnosis: structured?.diagnosis,
  };
}

const FAILED = "Verification failed: ";
/** Matches a line of statistics, which gives no reason. */
const STATISTICS =
  /^(processed \d+ insns|verification time|stack depth|max_states_per_insn|peak_states|mark_read|func#\d+|total_states|Func#\d+ .* is (safe for any args|global and assumed valid))/;
/** Matches an instruction that the verifier visits: `12: (85) call bpf_map_lookup_elem#1 ; R0=…`. */
const INSTRUCTION = /^(\d+): \(([0-9a-f]{2})\)/;
/**
 * Matches source lines, register states and other steps of the verifier. For an infinite loop, two states follow the
 * reason.
 */
const STEP =
  /^\s*(; |cur state:|old state:|from \d+ to \d+|\d+: |R\d+[_=(]|last_idx|regs=|parent |frame\d|caller:|callee:|returning from|propagating|mark_precise|Live regs|Validating|arg#\d)/;

/** Returns the last line that is neither a step nor a statistic. In the classic log, this line gives the reason. */
function tellingLine(log: readonly string[]): string | undefined {
  return log.findLast((line) => line !== "" && !STATISTICS.test(line) && !STEP.test(line))?.trim();
}

/** Returns the slot of the instruction in the reason: `infinite loop detected at insn 1`, `unreachable insn 4`. */
function namedSlot(telling: string | undefined): number | undefined {
  const slot = /\b(?:at|from|unreachable) insn (\d+)/.exec(telling ?? "")?.[1];
  return slot === undefined ? undefined : Number(slot);
}

/** Returns the slot of the last instruction in the log. */
function failingSlot(log: readonly string[]): number | undefined {
  const line = log.findLast((text) => INSTRUCTION.test(text));
  return line === undefined ? undefined : Number(INSTRUCTION.exec(line)?.[1]);
}

function readDiagnosis(log: readonly string[]): { diagnosis: Diagnosis; slot: number | undefined } | undefined {
  const sections = new Map<string, string[]>();
  let current: string[] | undefined;
  for (const line of log.slice(1)) {
    const heading = /^(\w[\w ]*):$/.exec(line)?.[1];
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
  const marked = at.slice(context).find((line) => line.trimStart().startsWith(">>>"));
  const slot = context < 0 ? undefined : /^\s*>>>\s*(\d+) \|/.exec(marked ?? "")?.[1];
  return {
    slot: slot === undefined ? undefined : Number(slot),
    diagnosis: {
      title: (log[0] as string).slice(FAILED.length),
      reason,
      place: at[0]?.includes(" @ ") === true ? at[0] : undefined,
      causalPath: sections.get("Causal path") ?? [],
      suggestion: sentence("Suggestion"),
    },
  };
}
