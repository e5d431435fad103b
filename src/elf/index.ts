export {
  ElfMachine,
  ElfType,
  SectionFlag,
  SectionIndex,
  SectionType,
  SegmentFlag,
  SegmentType,
  SymbolBinding,
  SymbolType,
  SymbolVisibility,
} from "./constants.ts";
export { ElfFile, type ElfSection, parseElf } from "./elf-file.ts";
export {
  alignUp,
  encodeRelocatable,
  encodeRelocations,
  encodeSymbols,
  type NewElfSection,
  RELOCATION_SIZE,
  SYMBOL_SIZE,
} from "./encode-elf.ts";
export type { PiecewiseFile } from "./file-bytes.ts";
export { type ElfFunction, findFunction, matchingFunctions } from "./function-offsets.ts";
export { findStub, isOfLinkageTable } from "./linkage-table.ts";
export { type ElfNote, readNotes, readUsdtNotes, type UsdtNote } from "./notes.ts";
export type { ElfRelocation } from "./relocations.ts";
export { type ElfSegment, segmentAt } from "./segments.ts";
export { type ElfSymbol, ElfSymbols } from "./symbols.ts";
