export { Btf } from "./btf.ts";
export { type CoreRelocation, CoreRelocationKind } from "./core-relocation.ts";
export { BtfKind, type BtfMember, type BtfParam, type BtfSecInfo, type BtfType, type TypeId } from "./types.ts";
