export {
  type KernelFeatures,
  type KernelFeaturesOptions,
  kernelFeatures,
  type ProbedFeature,
  type SystemSettings,
  type TypeHelpers,
} from "./features/describe.ts";
export { type HookFeature, type HookFeatures, probeHooks } from "./features/hooks.ts";
export { probeKfuncs, type TypeKfuncs } from "./features/kfuncs.ts";
export { feature, featureLack, kernelHas, lackError, tooOldFor } from "./features/lack.ts";
export { LINK_FEATURES } from "./features/link-features.ts";
export {
  hasBpfCookie,
  hasContextTag,
  hasFullRangeOffsets,
  hasSyscallWrapper,
  hasUprobeMulti,
} from "./features/probes.ts";
export { PROBE_CAPABILITIES, type Support } from "./features/support.ts";
export { FEATURES, type FeatureName } from "./features/table.ts";
export { mapTooNew, programTooNew } from "./features/too-new.ts";
export { keepKernelTypes } from "./kept-types.ts";
export {
  flushKernelBtf,
  KernelBtf,
  kernelBtf,
  loadedBtf,
  type ModuleBtf,
  permittedBtf,
  readBtfFile,
  typesWarning,
} from "./kernel-btf.ts";
export {
  INSPECT,
  type Inspect,
  inspectObject,
  isForbidden,
  isGone,
  KernelObject,
  type ObjectSource,
  openSource,
} from "./kernel-object.ts";
export type { KernelTypes } from "./kernel-types.ts";
export { acceptedBtf, loadObjectBtf } from "./object-btf.ts";
export { kindOfFd, type ObjectKind } from "./object-kind.ts";
export { checkOptions, type OptionKind, type OptionTable, required } from "./options.ts";
export { OwnIterator, readKernel, readKernelAt, writeRecord } from "./own-iterator.ts";
export { type NewPin, openPinnedFd, pinName, pinTogether, removeDirectories } from "./pin.ts";
export { readPiece, readUserFile, readWholeFile } from "./read-user-file.ts";
export { targetMissing } from "./target-missing.ts";
export { tokenPath, usingToken } from "./token.ts";
export { Undo } from "./undo.ts";
export { objectFds, openObjects, takeObject, walkObjects } from "./walk-objects.ts";
