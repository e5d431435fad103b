import { BpfError, errnoName, errnoText } from "../../errors/index.ts";

/** The verifier refused a program. The message has the telling line first; `log` has all of it. */
export class VerifierError extends BpfError {
  /** The program, by its name in the object. */
  readonly program: string;
  /** The positive errno of BPF_PROG_LOAD. */
  readonly errno: number;
  /** The verifier's log, line by line. */
  readonly log: readonly string[];
  /** The line that says why. */
  readonly telling: string;
  /** The instruction that was refused, in slots, where the log says it. */
  readonly slot: number | undefined;
  /** Its source line with file and number, where the program has line information. */
  readonly sourceLine: string | undefined;

  constructor(
    data: {
      program: string;
      errno: number;
      log: string;
      poisoned?: ReadonlyMap<number, string> | undefined;
      lineAt?: ((slot: number) => string | undefined) | undefined;
    },
    options?: ErrorOptions,
  ) {
    const log = data.log.split("\n").map((line) => line.trimEnd());
    while (log.at(-1) === "") log.pop();
    const structured = readStructured(log);
    const slot = structured?.slot ?? failingSlot(log);
    const telling = structured?.reason ?? tellingLine(log) ?? `${errnoText(data.errno)} (${errnoName(data.errno)})`;
    const poison = /unknown#\d+/.test(telling) && slot !== undefined ? data.poisoned?.get(slot) : undefined;
    const source = slot === undefined ? undefined : (data.lineAt?.(slot) ?? lastSource(log));
    const place = slot === undefined ? "" : ` at instruction ${slot}`;
    super(
      "VERIFIER",
      `program ${data.program} is refused by the verifier${place}: ${poison ?? telling}` +
        `${source === undefined ? "" : `; source: ${source}`}` +
        `${structured?.suggestion === undefined ? "" : `; ${structured.suggestion}`}`,
      options,
    );
    this.program = data.program;
    this.errno = data.errno;
    this.log = log;
    this.telling = telling;
    this.slot = slot;
    this.sourceLine = source;
  }
}

/** Lines that tell how the verification went, not why it failed. */
const STATISTICS =
  /^(processed \d+ insns|verification time|stack depth|max_states_per_insn|peak_states|mark_read|func#\d+|insns processed|total_states)/;
/** An instruction of the walk: `12: (85) call bpf_map_lookup_elem#1 ; R0=…`, or the state before one. */
const INSTRUCTION = /^(\d+): (?:\(([0-9a-f]{2})\)|R\d|\.)/;
const STATE =
  /^(; |from \d+ to \d+|\d+: |R\d+[_=(]|last_idx|regs=|parent |frame\d|caller:|callee:|returning from|propagating|mark_precise|Live regs|Validating|arg#\d)/;

/** The last line that is neither an instruction, a state, nor a statistic: where the classic log puts its reason. */
function tellingLine(log: readonly string[]): string | undefined {
  for (let i = log.length - 1; i >= 0; i--) {
    const line = log[i] as string;
    if (line === "" || STATISTICS.test(line) || STATE.test(line)) continue;
    // Some reasons take two lines, the second of them an explanation that starts lower.
    const before = log[i - 1];
    const continues = /^[a-z(]/.test(line) && before !== undefined && !STATE.test(before) && !STATISTICS.test(before);
    return continues && before !== "" && before.endsWith(",") ? `${before} ${line}` : line;
  }
  return undefined;
}

/** The last instruction that the log walks over before it stops. */
function failingSlot(log: readonly string[]): number | undefined {
  for (let i = log.length - 1; i >= 0; i--) {
    const match = INSTRUCTION.exec(log[i] as string);
    if (match?.[2] !== undefined) return Number(match[1]);
  }
  return undefined;
}

/** The last source line that the log quotes: `; if (x > 3) @ file.c:12`. */
function lastSource(log: readonly string[]): string | undefined {
  const line = log.findLast((text) => text.startsWith("; "));
  return line?.slice(2).trim();
}

interface Structured {
  readonly reason: string;
  readonly slot: number | undefined;
  readonly suggestion: string | undefined;
}

/**
 * The diagnosis that Linux 7.3 puts at the end of the log, in sections with headings: `Reason:`, `At:`, `Causal path:`,
 * `Suggestion:`. Undefined where the log has none.
 */
function readStructured(log: readonly string[]): Structured | undefined {
  const sections = new Map<string, string[]>();
  let current: string[] | undefined;
  for (const line of log) {
    const heading = /^\s*(?:=+\s*)?(reason|at|location|where|causal path|path|suggestion|hint)\s*:\s*(.*?)\s*=*$/i.exec(
      line,
    );
    if (heading !== null) {
      current = heading[2] === "" ? [] : [heading[2] as string];
      sections.set((heading[1] as string).toLowerCase(), current);
    } else if (current !== undefined && line.trim() !== "" && /^\s/.test(line)) current.push(line.trim());
    else current = undefined;
  }
  const reason = sections.get("reason");
  if (reason === undefined || reason.length === 0) return undefined;
  const place = [...(sections.get("at") ?? sections.get("location") ?? sections.get("where") ?? [])].join(" ");
  const slot = /(?:insn|instruction)?\s*#?(\d+)/.exec(place)?.[1];
  const suggestion = sections.get("suggestion") ?? sections.get("hint");
  return {
    reason: reason.join(" "),
    slot: slot === undefined ? undefined : Number(slot),
    suggestion: suggestion?.join(" "),
  };
}
