/** The kinds of lines in the verifier's log. */
export type LineKind =
  /** `12: (85) call bpf_map_lookup_elem#1 ; R0=…`: the verifier visits an instruction. */
  | "instruction"
  /** `12: R0=inv2 R1=ctx()`, `from 5 to 9: R0=…`: a state of the registers. */
  | "state"
  /** `; int x = 1; @ file.c:3` */
  | "source"
  /** Another line about the verifier's work, which gives no reason. */
  | "step"
  /** `processed 12 insns …`: the log ends. */
  | "statistics"
  | "empty"
  /** Anything else. In the verifier's log, the reason is such a line. */
  | "other";

const INSTRUCTION = /^\d{1,7}: \([0-9a-f]{2}\)/;
const STATE = /^(?:from \d+ to \d+(?: \(speculative execution\))?:|\d{1,7}: (?:R\d|fp|frame\d|safe)|\d{1,7}: *$)/;
/** Matches register states without a slot, which older kernels print in lines of their own. */
const BARE_STATE = /^\s*(?:frame\d+: ?)?R\d+(?:_[a-zA-Z]{1,4})?=/;
const STATISTICS =
  /^(?:processed \d+ insns|verification time|stack depth|max_states_per_insn|peak_states|mark_read|func#\d|total_states|insns processed)/;
const SAFE_FUNCTION = /^Func(?:#\d+)? .{0,128} is (?:safe for any args|global and assumed valid|already verified)/i;
const STEP =
  /^\s*(?:cur state:|old state:|\d{1,7}: |last_idx|regs=|parent |frame\d|caller:|callee:|returning from|to caller at|propagating|mark_precise|Live regs|Validating|arg#\d{1,2} reference type\('UNKNOWN|BPF_CORE|reg_bounds_sync)/;

/** Says what a clean line of a log is. */
export function kindOfLine(line: string): LineKind {
  if (line === "") return "empty";
  const first = line.charCodeAt(0);
  if (first === 59 && (line.length === 1 || line.charCodeAt(1) === 32)) return "source";
  if (first >= 48 && first <= 57) {
    if (INSTRUCTION.test(line)) return "instruction";
    return STATE.test(line) ? "state" : STEP.test(line) ? "step" : "other";
  }
  if (STATISTICS.test(line)) return "statistics";
  if (STATE.test(line) || BARE_STATE.test(line)) return "state";
  return STEP.test(line) || SAFE_FUNCTION.test(line) ? "step" : "other";
}

/** Returns true for lines that only the verifier writes. */
export function isVerifierLine(kind: LineKind, line: string): boolean {
  return kind === "instruction" || kind === "state" || (kind === "statistics" && !line.startsWith("stack depth "));
}
