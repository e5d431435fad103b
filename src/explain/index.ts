export type { Confidence, Diagnosis, DiagnosisClass, HistoryStep, KernelReport, Place } from "../errors/index.ts";
export { causeText } from "./causes.ts";
export { type DiagnosisParts, diagnosisOf } from "./diagnosis-of.ts";
export { commandOf, diagnoseErrno, type ErrnoExplanation, explainErrno } from "./errno.ts";
export { type ExplainOptions, explainLog, explainVerifierLog } from "./explain-log.ts";
export { formatDiagnosis, formatShortDiagnosis, type Style } from "./format.ts";
export { KINDS, type Kind, kindOfCode } from "./kinds/index.ts";
export { formatPage } from "./page.ts";
export { readVerifierLog, type VerifierVerdict } from "./read-verifier-log.ts";
