export type { Confidence, Diagnosis, DiagnosisClass, HistoryStep, KernelReport, Place } from "./diagnosis.ts";
export { type ErrnoExplanation, explainErrno } from "./errno.ts";
export { type ExplainOptions, explainLog, explainVerifierLog } from "./explain-log.ts";
export { formatDiagnosis, formatShortDiagnosis, type Style } from "./format.ts";
export { KINDS, type Kind, kindOfCode } from "./kinds/index.ts";
export { formatPage } from "./page.ts";
export { readVerifierLog, type VerifierVerdict } from "./read-verifier-log.ts";
