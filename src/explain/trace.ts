import type { LineKind } from "./log-line.ts";
import { parseStates, type RegisterStates } from "./register-state.ts";

/** A line of the log on the path that was refused. */
export interface TraceStep {
  /** The index of the line in the log. */
  readonly line: number;
  /** The slot of the instruction that the verifier visited; undefined for a line that only shows a state. */
  readonly slot: number | undefined;
  /** The instruction's text without its slot, its opcode and the state after it. */
  readonly text: string;
  /** The states of registers that the line shows. For an instruction, these are the states after it. */
  readonly states: () => RegisterStates;
  /** For `from A to B:`, the slot A of the branch. */
  readonly from: number | undefined;
}

/** The longest path that is followed. */
const LONGEST_PATH = 200_000;

/**
 * Returns the lines of the path that ends at line `end`, last one first. The verifier follows one branch to its end and
 * then continues with another branch, at a line `from A to B:`. On the path, such a line does not follow the line above
 * it in the log, but the last earlier line of the instruction A.
 */
export function* pathBackwards(
  lines: readonly string[],
  kinds: readonly LineKind[],
  end: number,
): Generator<TraceStep, void> {
  let steps = 0;
  /** While the loop skips lines of other paths: the slot of the branch at which the wanted path continues. */
  let resume: number | undefined;
  for (let i = end; i >= 0 && steps < LONGEST_PATH; i--) {
    const kind = kinds[i];
    const line = lines[i] as string;
    if (kind === "step" && line.startsWith("Validating ")) return;
    if (kind !== "instruction" && kind !== "state") continue;
    const step = readStep(line, i);
    if (resume !== undefined) {
      if (step.slot !== resume) continue;
      resume = undefined;
    }
    steps++;
    yield step;
    if (step.from !== undefined) resume = step.from;
  }
}

/** Reads a line that is an instruction or a state. */
export function readStep(line: string, index: number): TraceStep {
  const instruction = /^(\d{1,7}): \([0-9a-f]{2}\) ?/.exec(line);
  if (instruction !== null) {
    const body = line.slice(instruction[0].length);
    const state = body.search(/ ; ?(?:frame\d+: ?)?(?:R\d|fp-?\d|refs=)/);
    const text = (state < 0 ? body : body.slice(0, state)).trimEnd();
    const states = (): RegisterStates => parseStates(state < 0 ? "" : body.slice(state + 2));
    return { line: index, slot: Number(instruction[1]), text, states, from: undefined };
  }
  const from = /^from (\d{1,7}) to \d/.exec(line);
  const states = (): RegisterStates => parseStates(line);
  return { line: index, slot: undefined, text: "", states, from: from === null ? undefined : Number(from[1]) };
}

/** A source line in the log: `; if (x > 1) @ file.c:12`. Kernels before 6.9 give only the text. */
export interface SourceLine {
  readonly source: string;
  readonly file: string | undefined;
  readonly line: number | undefined;
}

/** Returns the source line that applies to the line `index` of the log. */
export function sourceBefore(
  lines: readonly string[],
  kinds: readonly LineKind[],
  index: number,
): SourceLine | undefined {
  for (let i = index; i >= 0 && i > index - 4096; i--) {
    if (kinds[i] === "source") return readSource(lines[i] as string);
  }
  return undefined;
}

function readSource(line: string): SourceLine {
  const text = line.slice(2);
  const at = text.lastIndexOf(" @ ");
  const place = at < 0 ? null : /^([^:]{1,512}):(\d{1,8})$/.exec(text.slice(at + 3));
  if (place === null) return { source: text.trim(), file: undefined, line: undefined };
  return { source: text.slice(0, at).trim(), file: place[1], line: Number(place[2]) };
}
