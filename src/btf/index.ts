export { Btf } from "./btf.ts";
export { applyCoreRelocation, CORE_POISON_HELPER } from "./core-patch.ts";
export { type CoreRelocation, CoreRelocationKind, coreRelocationKindText } from "./core-relocation.ts";
export { CoreRelocator, type CoreResult, type CoreTarget, type CoreTargets } from "./core-relocator.ts";
export { formatCoreRelocation } from "./core-spec.ts";
export { BtfKind, type BtfMember, type BtfParam, type BtfSecInfo, type BtfType, type TypeId } from "./types.ts";
