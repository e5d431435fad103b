import { type ObjectSpec, type ProgramSpec, sourceAt } from "../../object/index.ts";

/** A place of a program, and how many instructions the verifier processed there. */
export interface HotSpot {
  /** `file.c:12`, or the name of a function. */
  readonly place: string;
  /** The text of the source line; undefined for a function. */
  readonly source: string | undefined;
  readonly instructions: number;
}

/** Where the verifier spends its budget. The places with the most instructions come first. */
export interface HotSpots {
  readonly lines: readonly HotSpot[];
  readonly functions: readonly HotSpot[];
  /** How many instructions the log shows. It is less than what the verifier processed if the log was cut. */
  readonly counted: number;
}

const [ZERO, NINE, COLON, SPACE, PARENTHESIS] = [48, 57, 58, 32, 40];

/** Counts the visits of each instruction in a log of level 2. */
export function hotSpots(log: string, program: ProgramSpec, object: ObjectSpec): HotSpots {
  const visits = countVisits(log, program.instructions.length / 8);
  const lines = new Map<string, { source: string | undefined; instructions: number }>();
  const functions = new Map<string, number>();
  let counted = 0;
  for (const [slot, count] of visits.entries()) {
    if (count === 0) continue;
    counted += count;
    const name = functionAt(program, object, slot);
    functions.set(name, (functions.get(name) ?? 0) + count);
    const source = sourceAt(program, object.btf, slot);
    const place = source === undefined ? `instruction ${slot}` : `${source.file.replace(/^.*\//, "")}:${source.line}`;
    const line = lines.get(place) ?? { source: source?.source, instructions: 0 };
    line.instructions += count;
    lines.set(place, line);
  }
  return {
    lines: [...lines].map(([place, line]) => ({ place, ...line })).sort(byInstructions),
    functions: [...functions]
      .map(([place, instructions]) => ({ place, source: undefined, instructions }))
      .sort(byInstructions),
    counted,
  };
}

function byInstructions(a: HotSpot, b: HotSpot): number {
  return b.instructions - a.instructions;
}

/** Counts the lines of the form `12: (85) call …`. A log has up to millions of lines, so it is not split into strings. */
function countVisits(log: string, slots: number): Uint32Array {
  const visits = new Uint32Array(slots);
  for (let start = 0; start < log.length; ) {
    let at = start;
    let slot = 0;
    for (let c = log.charCodeAt(at); c >= ZERO && c <= NINE && at < start + 8; c = log.charCodeAt(++at)) {
      slot = slot * 10 + c - ZERO;
    }
    const isVisit =
      at > start &&
      log.charCodeAt(at) === COLON &&
      log.charCodeAt(at + 1) === SPACE &&
      log.charCodeAt(at + 2) === PARENTHESIS;
    if (isVisit && slot < slots) visits[slot] = (visits[slot] ?? 0) + 1;
    const end = log.indexOf("\n", at);
    start = end < 0 ? log.length : end + 1;
  }
  return visits;
}

function functionAt({ name, functions }: ProgramSpec, { btf }: ObjectSpec, slot: number): string {
  const found = functions.findLast((one) => one.slot <= slot);
  return found === undefined || found.typeId === 0 || btf === undefined ? name : btf.name(found.typeId);
}
