export {
  describeAllLinks,
  describeLinks,
  type LinkDescription,
  linkDescriptions,
  type SymbolName,
} from "./link-description.ts";
export { manyObjectPids, type ObjectPidsOptions, objectPids, perfLinkCookies } from "./pids/object-pids.ts";
export { type ObjectHolder, type ProcPidsOptions, procPids, quickProcPids } from "./pids/proc-pids.ts";
export { type PinnableKind, pinnedPaths, pinsOf } from "./pins.ts";
export { type AttachTargetName, type ProgramDetails, ProgramDetailsReader, type UsedMap } from "./program/details.ts";
export {
  FEW_PROGRAMS,
  type ProgramDevice,
  type ProgramHeader,
  ProgramReader,
  type ProgramRecord,
  programRecords,
} from "./program/record.ts";
export { describePrograms, manyProgramRecords } from "./program/record-iterator.ts";
