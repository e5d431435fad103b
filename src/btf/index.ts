export { Btf } from "./btf.ts";
export { type BtfExt, BtfExtSection, type FuncInfo, type LineInfo, parseBtfExt } from "./btf-ext.ts";
export { BtfBuilder } from "./builder.ts";
export { formatSignature, formatType } from "./c-declaration.ts";
export { copyTypes, referencesOf, remapType } from "./copy-types.ts";
export type { CoreAbsence } from "./core/absence.ts";
export { CoreBudget, typesAreCompatible } from "./core/compare-types.ts";
export { type CoreObject, minimiseBtf } from "./core/minimise.ts";
export { applyCoreRelocation, CORE_POISON_HELPER } from "./core/patch.ts";
export { CoreRelocator, type CoreResult, type CoreTarget, type CoreTargets } from "./core/relocator.ts";
export { formatCoreRelocation } from "./core/spec.ts";
export {
  type CoreRelocation,
  CoreRelocationKind,
  coreRelocationKindText,
  encodeCoreRelocations,
} from "./core-relocation.ts";
export { dedupBtf, dedupReferenced } from "./dedup/dedup.ts";
export { mergeBtf } from "./dedup/merge.ts";
export { TypeCollector } from "./dedup/type-collector.ts";
export { distillBase } from "./distilled/distill-base.ts";
export { relocateToBase } from "./distilled/relocate-to-base.ts";
export { CDeclarations } from "./dump/declarations.ts";
export { type CFormatOptions, formatC, formatCPieces } from "./dump/format-c.ts";
export { formatRaw, formatRawPieces, type RawFormatOptions } from "./dump/format-raw.ts";
export { BtfEdit } from "./edit.ts";
export { encodeBtfExt, type NewBtfExtList } from "./encode-btf-ext.ts";
export type { NewBtfType } from "./encode-type.ts";
export { essentialName } from "./essential-name.ts";
export {
  type BtfDifference,
  type Change,
  type ComparedKind,
  type DiffOptions,
  diffBtf,
  type MemberPlace,
} from "./query/diff.ts";
export { findNames, type NamedPlace } from "./query/find-names.ts";
export { type BtfFeatures, sanitizeBtf } from "./sanitize.ts";
export { BtfKind, type BtfMember, type BtfParam, type BtfSecInfo, type BtfType, type TypeId } from "./types.ts";
export { encodeText, type TextPart } from "./value/encode-text.ts";
export { compileReader, type ReaderOptions } from "./value/reader.ts";
export type { ValueReader } from "./value/shape.ts";
export { countValues } from "./value/value-budget.ts";
export { compileWriter, type ValueWriter, type WriterOptions } from "./value/writer.ts";
