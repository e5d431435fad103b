export { BtfKind, type BtfMember, type BtfParam, type BtfSecInfo, type BtfType, type TypeId } from "./types.ts";
