export type { Confidence, Diagnosis, DiagnosisClass, HistoryStep, KernelReport, Place } from "./diagnosis.ts";
export { Errno, errnoName, errnoText } from "./errno.ts";
export {
  BpfError,
  type BpfErrorOptions,
  ClosedError,
  errnoHint,
  FormatError,
  type FormatPlace,
  NotSupportedError,
  SyscallError,
  UsageError,
} from "./errors.ts";
export { LACKS_FEATURE } from "./lacks-feature.ts";
