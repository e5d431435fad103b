import {
  type ElfFile,
  ElfMachine,
  type ElfSection,
  ElfType,
  parseElf,
  SectionFlag,
  SectionType,
} from "../elf/index.ts";
import { FormatError } from "../errors/index.ts";
import { textUntilNul } from "../layout/index.ts";

/**
 * A section of global variables. Each such section becomes an array map with one element. The variables of `.percpu`
 * have a value for each CPU.
 */
export interface DataSection {
  readonly section: ElfSection;
  readonly kind: "data" | "rodata" | "bss" | "percpu";
}

/** A relocation section, and the section whose bytes it relocates. */
export interface RelocationSection {
  readonly section: ElfSection;
  readonly target: ElfSection;
}

/** The sections of a BPF object, sorted by purpose (libbpf's `bpf_object__elf_collect`). */
export interface ObjectSections {
  readonly elf: ElfFile;
  readonly license: string;
  readonly kernelVersion: number;
  /** The sections with instructions. */
  readonly code: readonly ElfSection[];
  readonly codeNumbers: ReadonlySet<number>;
  readonly data: readonly DataSection[];
  readonly maps: ElfSection | undefined;
  readonly legacyMaps: readonly ElfSection[];
  readonly structOps: readonly ElfSection[];
  readonly arena: ElfSection | undefined;
  readonly jumpTables: ElfSection | undefined;
  readonly btf: ElfSection | undefined;
  readonly btfExt: ElfSection | undefined;
  /** The relocation sections for instructions, maps and struct_ops. Other relocation sections are ignored. */
  readonly relocations: readonly RelocationSection[];
}

/** The name of the section with the arena's globals. */
export const ARENA_SECTION = ".addr_space.1";
const STRUCT_OPS = /^\??\.struct_ops(\.link)?$/;
/** The longest license, with the NUL: `sizeof(obj->license)` in libbpf. */
const LICENSE_SIZE = 64;

/**
 * Sorts the sections of a BPF object by purpose. Throws FormatError if the file is not a BPF object. The error then
 * says what kind of file it is.
 */
export function readSections(data: Uint8Array, source: string): ObjectSections {
  const elf = parseElf(data, source);
  checkObject(elf);
  const code: ElfSection[] = [];
  const dataSections: DataSection[] = [];
  const legacyMaps: ElfSection[] = [];
  const structOps: ElfSection[] = [];
  const relocations: RelocationSection[] = [];
  const only = new Map<string, ElfSection>();
  let license = "";
  let kernelVersion = 0;
  for (const section of elf.sections) {
    const { name, type, size } = section;
    if (isIgnored(section)) continue;
    if (name === "license") license = textUntilNul(elf.contents(section).subarray(0, LICENSE_SIZE - 1));
    else if (name === "version") kernelVersion = readVersion(elf, section);
    else if (name === "maps" || name.startsWith("maps/")) legacyMaps.push(section);
    else if (name === ".maps") only.set(name, section);
    else if (name === ".BTF" || name === ".BTF.ext") {
      if (type !== SectionType.SHT_PROGBITS)
        throw sectionError(elf, section, `the section must be of type PROGBITS, not ${type}`);
      only.set(name, section);
    } else if (type === SectionType.SHT_PROGBITS && size > 0) {
      if ((section.flags & SectionFlag.SHF_EXECINSTR) !== 0) code.push(section);
      else if (isOrBelow(name, ".data")) dataSections.push({ section, kind: "data" });
      else if (isOrBelow(name, ".rodata")) dataSections.push({ section, kind: "rodata" });
      else if (isOrBelow(name, ".percpu")) dataSections.push({ section, kind: "percpu" });
      else if (STRUCT_OPS.test(name)) structOps.push(section);
      else if (name === ARENA_SECTION || name === ".jumptables") only.set(name, section);
    } else if (type === SectionType.SHT_REL || type === SectionType.SHT_RELA) {
      const target = elf.section(section.info, `section ${name}`);
      const executable = (target.flags & SectionFlag.SHF_EXECINSTR) !== 0;
      if (executable || target.name === ".maps" || STRUCT_OPS.test(target.name)) relocations.push({ section, target });
    } else if (type === SectionType.SHT_NOBITS && size > 0 && isOrBelow(name, ".bss")) {
      dataSections.push({ section, kind: "bss" });
    }
  }
  return {
    elf,
    license,
    kernelVersion,
    code,
    codeNumbers: new Set(code.map((section) => section.index)),
    data: dataSections,
    maps: only.get(".maps"),
    legacyMaps,
    structOps,
    arena: only.get(ARENA_SECTION),
    jumpTables: only.get(".jumptables"),
    btf: only.get(".BTF"),
    btfExt: only.get(".BTF.ext"),
    relocations,
  };
}

/** Makes a FormatError about a section: `file.o: section .maps at offset 0x20: …`. */
export function sectionError(elf: ElfFile, section: ElfSection, problem: string, offset?: number): FormatError {
  return new FormatError({ source: elf.sourceOf(section), offset }, problem);
}

/** Throws FormatError unless the file is a relocatable BPF object with one symbol table. */
export function checkObject(elf: ElfFile): void {
  const fail = (problem: string) => new FormatError({ source: elf.source }, problem);
  // Old versions of LLVM write 0 as the machine.
  if (elf.machine !== ElfMachine.EM_BPF && elf.machine !== ElfMachine.EM_NONE) {
    throw fail(
      `this is not a BPF object: it is for machine ${machineName(elf.machine)}, not BPF (${ElfMachine.EM_BPF}); compile with clang --target=bpf`,
    );
  }
  if (elf.bits !== 64) throw fail("this is not a BPF object: it is a 32-bit ELF file");
  if (elf.type !== ElfType.ET_REL) {
    throw fail(
      `this is not a relocatable object (ET_REL, 1): its ELF type is ${elf.type}; compile with -c, without linking`,
    );
  }
  // In a valid file, sections share no bytes. Without this check, the sections of a small file could add up to
  // terabytes.
  let total = 0;
  for (const { type, offset, size } of elf.sections) {
    if (type !== SectionType.SHT_NOBITS && offset + size <= elf.length) total += size;
  }
  if (total > 2 * elf.length)
    throw fail(`the sections overlap: together they have ${total} bytes, but the file has only ${elf.length}`);
  const tables = elf.sections.filter((section) => section.type === SectionType.SHT_SYMTAB);
  if (tables.length === 0) throw fail("the file has no symbol table: it was stripped; strip it with -g only");
  if (tables.length > 1) throw fail("the file has more than one symbol table");
}

function machineName(machine: number): string {
  for (const [name, value] of Object.entries(ElfMachine)) {
    if (value === machine) return `${name.slice(3)} (${machine})`;
  }
  return String(machine);
}

/** Returns true for sections that loaders and linkers do not need: strings, address significance tables, debug info. */
export function isIgnored({ name, type, size }: ElfSection): boolean {
  if (type === SectionType.SHT_NULL || type === SectionType.SHT_STRTAB || type === SectionType.SHT_LLVM_ADDRSIG)
    return true;
  if (name === ".text" && type === SectionType.SHT_PROGBITS && size === 0) return true;
  return /^(\.rela?)?\.debug_/.test(name) || /^\.rela?\.BTF(\.ext)?$/.test(name);
}

function readVersion(elf: ElfFile, section: ElfSection): number {
  const bytes = elf.bytes(section);
  if (bytes.length !== 4) throw bytes.error(undefined, `the kernel version must have 4 bytes, not ${bytes.length}`);
  return bytes.u32(0);
}

function isOrBelow(name: string, prefix: string): boolean {
  return name === prefix || name.startsWith(`${prefix}.`);
}
