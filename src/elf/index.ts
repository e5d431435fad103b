export {
  ElfMachine,
  ElfType,
  SectionFlag,
  SectionIndex,
  SectionType,
  SymbolBinding,
  SymbolType,
  SymbolVisibility,
} from "./constants.ts";
export { ElfFile, type ElfSection, parseElf } from "./elf-file.ts";
export type { ElfRelocation } from "./relocations.ts";
export { type ElfSymbol, ElfSymbols } from "./symbols.ts";
