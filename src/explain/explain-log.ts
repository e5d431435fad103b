import type { Diagnosis, KernelReport, Place } from "../errors/index.ts";
import { ownValue } from "../layout/index.ts";
import { type ObjectSpec, type ProgramSpec, sourceAt } from "../object/index.ts";
import { cleanLine } from "./clean-line.ts";
import { textsOf } from "./diagnosis-of.ts";
import { findLogs, type LogBlock } from "./envelope.ts";
import { addFacts, type Facts, factsOfLines, refusedRegister } from "./facts.ts";
import { type History, historyOf, placeOf } from "./history.ts";
import { KINDS, type Kind, NO_REASON_KIND, outsideKinds, UNKNOWN_KIND } from "./kinds/index.ts";
import { functionName, type Operation, readOperation } from "./operation.ts";
import { type RefusedLog, readRefusedLog } from "./read-verifier-log.ts";
import { readStep, type TraceStep } from "./trace.ts";
import type { Verdict } from "./verdict.ts";

/** Optional facts with which a diagnosis is more precise. */
export interface ExplainOptions {
  /** The object file of the program: its line information gives file, line, column and source text. */
  readonly object?: ObjectSpec | undefined;
  /** The program's name in the object. Default: the name in the log, or else the object's only program. */
  readonly program?: string | undefined;
}

/**
 * Explains the verifier's logs in a text: the output of any loader, with or without prefixes, whole or cut. Returns one
 * diagnosis for each refused program; none if the text has no log.
 */
export function explainLog(input: string | Iterable<string>, options: ExplainOptions = {}): Diagnosis[] {
  const { blocks, loaderLines } = findLogs(input);
  const diagnoses = blocks.flatMap((block) => explainBlock(block, options) ?? []);
  return diagnoses.length > 0 ? diagnoses : explainLoader(loaderLines, options);
}

/** Explains the verifier's log of one program, as the kernel wrote it. Returns undefined if the log has no refusal. */
export function explainVerifierLog(log: readonly string[], options: ExplainOptions = {}): Diagnosis | undefined {
  return explainBlock({ program: options.program, lines: log.map(cleanLine), isLog: true }, options);
}

/** Explains one block. Returns undefined if it may be no log at all and bpfts knows none of its messages. */
function explainBlock(block: LogBlock, options: ExplainOptions): Diagnosis | undefined {
  const refused = readRefusedLog(block.lines);
  const { log, verdict, report } = refused;
  // The log of an accepted program has statistics, but no reason.
  const isAccepted = log.lines.some((line) => line.startsWith("processed "));
  if (verdict.lines.length === 0 && report === undefined && isAccepted) return undefined;
  const step = verdict.index < 0 ? undefined : readStep(log.lines[verdict.index] as string, verdict.index);
  const operation: Operation = step === undefined ? { kind: "other" } : readOperation(step.text);
  const found = findKind(verdict, operation);
  if (found === undefined && !block.isLog) return undefined;
  return diagnose({ ...refused, step, operation }, found, { ...options, program: options.program ?? block.program });
}

interface Evidence extends RefusedLog {
  /** The refused instruction; undefined if the log does not have it. */
  readonly step: TraceStep | undefined;
  readonly operation: Operation;
}

function findKind({ lines }: Verdict, operation: Operation): Kind | undefined {
  const called = operation.kind === "call" ? functionName(operation.name) : undefined;
  return KINDS.find(
    ({ patterns, calls }) =>
      (calls === undefined || (called !== undefined && calls.includes(called))) &&
      patterns.some((pattern) => lines.some((line) => pattern.test(line))),
  );
}

function diagnose(evidence: Evidence, found: Kind | undefined, options: ExplainOptions): Diagnosis {
  const { log, verdict, operation, report } = evidence;
  const kind = found ?? (verdict.lines.length === 0 && report === undefined ? NO_REASON_KIND : UNKNOWN_KIND);
  const facts = factsOfLines(kind, verdict.lines);
  const register = refusedRegister(kind, facts, operation);
  const isNumber = kind.name === "number-as-pointer" || facts.get("type") === "scalar" || facts.get("type") === "inv";
  const history =
    register === undefined || verdict.index < 0 ? undefined : historyOf(log, verdict.index, register, isNumber);
  if (register !== undefined) facts.set("reg", register);
  addFacts(kind, facts, { log, verdict, operation, history });
  facts.set("message", verdict.lines.at(-1) ?? report?.reason ?? "nothing");
  return {
    ...textsOrReport(kind, facts, report),
    program: options.program,
    where: whereOf(evidence, options),
    why: withObject(history, options),
    lines: verdict.lines,
    kernelReport: report,
  };
}

/** Returns the texts for a kind. For a message that bpfts does not know, it uses the kernel's own report. */
function textsOrReport(kind: Kind, facts: Facts, report: KernelReport | undefined) {
  const texts = textsOf(kind, facts);
  if (kind !== UNKNOWN_KIND || report === undefined) return texts;
  const { reason, suggestion } = report;
  return { ...texts, what: reason, ...(suggestion !== undefined && { remedies: [suggestion] }) };
}

function whereOf({ log, slot, step }: Evidence, options: ExplainOptions): Place | undefined {
  if (slot === undefined) return undefined;
  const place = placeOf(log, step?.slot === slot ? step : { line: -1, slot, text: "" });
  return placeInObject(place, options);
}

function withObject(history: History | undefined, options: ExplainOptions) {
  return (history?.steps ?? []).map(({ place, text }) => ({
    place: place && placeInObject(place, options),
    text,
  }));
}

/** Adds file, line, column and source text from the object's line information. */
function placeInObject(place: Place, { object, program }: ExplainOptions): Place {
  const spec = object === undefined ? undefined : programOf(object, program);
  if (spec === undefined || place.instruction === undefined) return place;
  return { ...place, ...sourceAt(spec, object?.btf, place.instruction) };
}

function programOf(object: ObjectSpec, name: string | undefined): ProgramSpec | undefined {
  const named = name === undefined ? undefined : ownValue(object.programs, name);
  if (named !== undefined) return named;
  const programs = Object.values(object.programs);
  return programs.length === 1 ? programs[0] : undefined;
}

/** Explains the messages of a loader that came without a log of the verifier. */
function explainLoader(lines: readonly string[], { program }: ExplainOptions): Diagnosis[] {
  return outsideKinds().flatMap((kind) => {
    const told = lines.filter((line) => kind.patterns.some((pattern) => pattern.test(line))).slice(0, 8);
    if (told.length === 0) return [];
    const facts = factsOfLines(kind, told);
    const texts = textsOf(kind, facts);
    return [{ ...texts, program, where: undefined, why: [], lines: told, kernelReport: undefined }];
  });
}
