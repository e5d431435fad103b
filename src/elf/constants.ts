/** `e_type`: the kind of the file (include/uapi/linux/elf.h; the rest of this file is from the ELF specification). */
export const ElfType = { ET_REL: 1, ET_EXEC: 2, ET_DYN: 3, ET_CORE: 4 } as const;
/** The type allows any number, so that files of other kinds can be read too. */
export type ElfType = number;

/** `e_machine`. Old LLVMs wrote EM_NONE for BPF. */
export const ElfMachine = {
  EM_NONE: 0,
  EM_386: 3,
  EM_ARM: 40,
  EM_X86_64: 62,
  EM_AARCH64: 183,
  EM_RISCV: 243,
  EM_BPF: 247,
} as const;
export type ElfMachine = number;

/** `sh_type` of a section. */
export const SectionType = {
  SHT_NULL: 0,
  SHT_PROGBITS: 1,
  SHT_SYMTAB: 2,
  SHT_STRTAB: 3,
  SHT_RELA: 4,
  SHT_NOTE: 7,
  SHT_NOBITS: 8,
  SHT_REL: 9,
  SHT_DYNSYM: 11,
  SHT_SYMTAB_SHNDX: 18,
  SHT_LLVM_ADDRSIG: 0x6fff4c03,
  SHT_GNU_verdef: 0x6ffffffd,
  SHT_GNU_versym: 0x6fffffff,
} as const;
export type SectionType = number;

/** `sh_flags` of a section. */
export const SectionFlag = {
  SHF_WRITE: 1,
  SHF_ALLOC: 2,
  SHF_EXECINSTR: 4,
  SHF_STRINGS: 0x20,
  SHF_COMPRESSED: 0x800,
} as const;

/** `p_type` of a segment, and the bits of its `p_flags`. */
export const SegmentType = { PT_LOAD: 1, PT_DYNAMIC: 2, PT_NOTE: 4 } as const;
export const SegmentFlag = { PF_X: 1, PF_W: 2, PF_R: 4 } as const;

/** Special values of a symbol's `st_shndx`, which are not numbers of sections. */
export const SectionIndex = {
  SHN_UNDEF: 0,
  SHN_LORESERVE: 0xff00,
  SHN_ABS: 0xfff1,
  SHN_COMMON: 0xfff2,
  SHN_XINDEX: 0xffff,
} as const;

/** What a symbol names, such as a function or a section: the low 4 bits of `st_info`. */
export const SymbolType = {
  STT_NOTYPE: 0,
  STT_OBJECT: 1,
  STT_FUNC: 2,
  STT_SECTION: 3,
  STT_FILE: 4,
  STT_COMMON: 5,
  STT_TLS: 6,
  STT_GNU_IFUNC: 10,
} as const;
export type SymbolType = number;

/**
 * Which files can refer to a symbol: only the file that defines the symbol (local), or all files that are linked
 * together.
 */
export const SymbolBinding = { STB_LOCAL: 0, STB_GLOBAL: 1, STB_WEAK: 2 } as const;
export type SymbolBinding = number;

/** Whether other programs and libraries can see a symbol after linking. */
export const SymbolVisibility = { STV_DEFAULT: 0, STV_INTERNAL: 1, STV_HIDDEN: 2, STV_PROTECTED: 3 } as const;
export type SymbolVisibility = number;
