import { FormatError } from "../errors/index.ts";
import { Bytes, StringSection } from "../layout/index.ts";
import { SectionFlag, SectionType } from "./constants.ts";
import { FileBytes, type PiecewiseFile } from "./file-bytes.ts";
import { type ElfHeader, readElfHeader } from "./header.ts";
import { type ElfRelocation, readRelocations } from "./relocations.ts";
import { type ElfSegment, readSegments } from "./segments.ts";
import { ElfSymbols } from "./symbols.ts";
import { readWide } from "./wide.ts";

/** A section header. Offsets and sizes are bytes, exact below 2^53. */
export interface ElfSection {
  readonly index: number;
  readonly name: string;
  /** The section's type, SHT_*. */
  readonly type: number;
  /** The section's flags, SHF_*; only the low 32 bits. */
  readonly flags: number;
  /** Address in memory; 0 in a relocatable file. */
  readonly address: number;
  /** File offset of the section's contents. */
  readonly offset: number;
  readonly size: number;
  /** `sh_link`: the string table of a symbol table, or the symbol table of relocations. */
  readonly link: number;
  /** `sh_info`: the section that relocations apply to. */
  readonly info: number;
  /** `sh_addralign`; 0 and 1 mean none. */
  readonly alignment: number;
  readonly entrySize: number;
}

/**
 * The sections, symbols and relocations of an ELF file. The bounds of a section are checked when the section is read.
 */
export class ElfFile {
  /** The file's name in errors. */
  readonly source: string;
  /** Size of the file in bytes. */
  readonly length: number;
  readonly bits: 32 | 64;
  readonly little: boolean;
  /** The type of the file, ET_*. */
  readonly type: number;
  /** The machine that the file is for, EM_*. */
  readonly machine: number;
  /** All sections; the first is the empty section 0. */
  readonly sections: readonly ElfSection[];
  readonly #file: FileBytes;
  readonly #header: ElfHeader;
  #symbols: ElfSymbols | undefined;
  #segments: readonly ElfSegment[] | undefined;

  constructor(input: Uint8Array | PiecewiseFile, source: string) {
    const file = new FileBytes(input, source);
    const header = readElfHeader(file);
    this.source = source;
    this.length = file.length;
    this.bits = header.bits;
    this.little = header.little;
    this.type = header.type;
    this.machine = header.machine;
    this.#file = file;
    this.#header = header;
    this.sections = readSections(file, header);
  }

  /**
   * Returns a section by its number. Throws FormatError if there is no such section; its message names `what`, the
   * thing that refers to the section.
   */
  section(index: number, what: string): ElfSection {
    const section = this.sections[index];
    if (section !== undefined) return section;
    throw new FormatError(
      { source: this.source },
      `${what} refers to section ${index}, but the file has only ${this.sections.length}`,
    );
  }

  /** Returns a section's name in errors: `file.o: section .maps`. */
  sourceOf(section: ElfSection): string {
    return `${this.source}: section ${section.name === "" ? section.index : section.name}`;
  }

  /** Returns a section's contents as a view onto the file's bytes; empty for SHT_NOBITS. Throws FormatError. */
  contents(section: ElfSection): Uint8Array {
    if (section.type === SectionType.SHT_NOBITS || section.type === SectionType.SHT_NULL) return new Uint8Array(0);
    const { length } = this;
    if (section.offset + section.size > length) {
      throw new FormatError(
        { source: this.source, offset: section.offset },
        `section ${section.name} of ${section.size} bytes ends past the end of the file, which has only ${length} bytes`,
      );
    }
    if ((section.flags & SectionFlag.SHF_COMPRESSED) !== 0) {
      throw new FormatError(
        { source: this.sourceOf(section) },
        "compressed sections are not supported; decompress them with objcopy --decompress-debug-sections",
      );
    }
    return this.#file.slice(section.offset, section.size, `section ${section.name}`);
  }

  /** Returns the contents of a section for checked reads. Offsets in errors count from the section's start. */
  bytes(section: ElfSection): Bytes {
    return new Bytes(this.contents(section), this.sourceOf(section), this.little);
  }

  /** The full symbol table, or the dynamic one if the file was stripped; undefined if the file has neither. */
  get symbols(): ElfSymbols | undefined {
    this.#symbols ??= this.#readSymbols(SectionType.SHT_SYMTAB) ?? this.#readSymbols(SectionType.SHT_DYNSYM);
    return this.#symbols;
  }

  /** The symbols that the dynamic linker sees; undefined in a static or relocatable file. */
  get dynamicSymbols(): ElfSymbols | undefined {
    return this.#readSymbols(SectionType.SHT_DYNSYM);
  }

  /** The full symbol table; undefined in a stripped file. */
  get staticSymbols(): ElfSymbols | undefined {
    return this.#readSymbols(SectionType.SHT_SYMTAB);
  }

  /** The program headers in the file's order; empty in a relocatable file. Throws FormatError. */
  get segments(): readonly ElfSegment[] {
    this.#segments ??= readSegments(this.#file, this.#header);
    return this.#segments;
  }

  /** Reads the entries of an SHT_REL or SHT_RELA section. Throws FormatError. */
  relocations(section: ElfSection): ElfRelocation[] {
    return readRelocations(this.bytes(section), this.bits, section.type === SectionType.SHT_RELA);
  }

  #readSymbols(type: number): ElfSymbols | undefined {
    const table = this.sections.find((section) => section.type === type);
    if (table === undefined) return undefined;
    const size = this.bits === 32 ? 16 : 24;
    if (table.entrySize !== size) {
      throw new FormatError(
        { source: this.sourceOf(table) },
        `symbols of ${table.entrySize} bytes each are not supported; they must have ${size} bytes`,
      );
    }
    const names = this.section(table.link, `section ${table.name}`);
    if (names.type !== SectionType.SHT_STRTAB) {
      throw new FormatError(
        { source: this.sourceOf(table) },
        `the symbol table takes its names from section ${names.index} (${names.name}), which is not a string table`,
      );
    }
    const numbers = this.sections.find((s) => s.type === SectionType.SHT_SYMTAB_SHNDX && s.link === table.index);
    return new ElfSymbols(
      this.bytes(table),
      this.bits,
      new StringSection(this.contents(names), this.sourceOf(names)),
      numbers && this.bytes(numbers),
    );
  }
}

/**
 * Reads the headers of a 32- or 64-bit ELF file of either byte order. `source` is the file's name in errors. The rest
 * of a {@link PiecewiseFile} is read when it is needed. Throws FormatError.
 */
export function parseElf(input: Uint8Array | PiecewiseFile, source: string): ElfFile {
  return new ElfFile(input, source);
}

function readSections(file: FileBytes, header: ElfHeader): ElfSection[] {
  const { sectionCount, sectionEntrySize, nameSection, little, bits } = header;
  const { view } = file.piece(header.sectionsAt, sectionCount * sectionEntrySize, "the section headers", little);
  const wide = bits === 64;
  const word = (at: number) => view.getUint32(at, little);
  const place = (index: number) => {
    const at = index * sectionEntrySize;
    const offset = wide ? readWide(view, at + 24, little) : word(at + 16);
    const size = wide ? readWide(view, at + 32, little) : word(at + 20);
    return { at, offset, size };
  };
  let names: StringSection | undefined;
  if (nameSection !== 0 && sectionCount > 0) {
    if (nameSection >= sectionCount) {
      throw file.error(
        undefined,
        `the header says that section ${nameSection} has the section names, but the file has only ${sectionCount} sections`,
      );
    }
    const { offset, size } = place(nameSection);
    names = new StringSection(
      file.slice(offset, size, "the section of section names"),
      `${file.source}: section names`,
    );
  }
  const sections: ElfSection[] = [];
  for (let index = 0; index < sectionCount; index++) {
    const { at, offset, size } = place(index);
    sections.push({
      index,
      name: names?.at(word(at), `the name of section ${index}`) ?? "",
      type: word(at + 4),
      // Only the low 32 bits: ELF defines no flags above them.
      flags: word(wide && !little ? at + 12 : at + 8),
      address: wide ? readWide(view, at + 16, little) : word(at + 12),
      offset,
      size,
      link: word(at + (wide ? 40 : 24)),
      info: word(at + (wide ? 44 : 28)),
      alignment: wide ? readWide(view, at + 48, little) : word(at + 32),
      entrySize: wide ? readWide(view, at + 56, little) : word(at + 36),
    });
  }
  return sections;
}
