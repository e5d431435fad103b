export { type BtfDescription, describeBtfObjects } from "./btf-description.ts";
export {
  type ObjectHolder,
  type ObjectHoldersOptions,
  objectHolders,
} from "./holders/object-holders.ts";
export {
  describeLink,
  describeLinks,
  type LinkDescription,
  type SymbolName,
} from "./link-description.ts";
export { describeMap, describeMaps, type MapDescription, type MapDevice } from "./map-description.ts";
export {
  type NetAttachments,
  type NetAttachmentsOptions,
  netAttachments,
  type TcFilterAttachment,
  type TcxAttachment,
  type XdpAttachment,
} from "./net-attachments.ts";
export { type DescribeOptions, findOwners, type Owners } from "./owners.ts";
export { type PerfAttachment, type PerfAttachmentPlace, perfAttachments } from "./perf-attachments.ts";
export { type PinnableKind, pinnedPaths, pinsOf } from "./pins.ts";
export { type DescribeProgramsOptions, describePrograms } from "./program/describe-programs.ts";
export type { AttachTargetName, UsedMap } from "./program/program-details.ts";
export type { ProgramDescription, ProgramDevice } from "./program/read-program.ts";
export {
  describeStructOps,
  type StructOpsCallback,
  type StructOpsContents,
  type StructOpsDescription,
  type StructOpsOptions,
  type TypedBytes,
} from "./struct-ops.ts";
export { type TokenMount, tokenMounts } from "./token-mounts.ts";
