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
  /** SHT_* */
  readonly type: number;
  /** SHF_*, the low 32 bits. */
  readonly flags: number;
  /** Address in memory; 0 in a relocatable file. */
  readonly address: number;
  /** Where its bytes are in the file. */
  readonly offset: number;
  readonly size: number;
  /** For symbols and relocations: the section that they go with. */
  readonly link: number;
  /** For relocations: the section that they apply to. */
  readonly info: number;
  readonly entrySize: number;
}

/** An ELF file's sections, symbols and relocations; the bytes of a section are checked when they are asked for. */
export class ElfFile {
  /** What errors call it. */
  readonly source: string;
  /** Bytes of the file. */
  readonly length: number;
  readonly bits: 32 | 64;
  readonly little: boolean;
  /** ET_* */
  readonly type: number;
  /** EM_* */
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

  /** The section of that number. Throws FormatError where there is none. */
  section(index: number, what: string): ElfSection {
    const section = this.sections[index];
    if (section !== undefined) return section;
    throw new FormatError(
      { source: this.source },
      `${what} is about section ${index}, but there are ${this.sections.length}`,
    );
  }

  /** The name by which errors call a section: `file.o: section .maps`. */
  sourceOf(section: ElfSection): string {
    return `${this.source}: section ${section.name === "" ? section.index : section.name}`;
  }

  /** A section's bytes, a view onto the file's; none for SHT_NOBITS. Throws FormatError. */
  contents(section: ElfSection): Uint8Array {
    if (section.type === SectionType.SHT_NOBITS || section.type === SectionType.SHT_NULL) return new Uint8Array(0);
    const { length } = this;
    if (section.offset + section.size > length) {
      throw new FormatError(
        { source: this.source, offset: section.offset },
        `section ${section.name} of ${section.size} bytes ends past the file's ${length} bytes: truncated`,
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

  /** A section's bytes with checked reads; offsets in errors count from the section's start. */
  bytes(section: ElfSection): Bytes {
    return new Bytes(this.contents(section), this.sourceOf(section), this.little);
  }

  /** The symbol table, or where a linked file was stripped of it the dynamic one; undefined without either. */
  get symbols(): ElfSymbols | undefined {
    this.#symbols ??= this.#readSymbols(SectionType.SHT_SYMTAB) ?? this.#readSymbols(SectionType.SHT_DYNSYM);
    return this.#symbols;
  }

  /** The symbols that the dynamic linker sees; undefined in a static or relocatable file. */
  get dynamicSymbols(): ElfSymbols | undefined {
    return this.#readSymbols(SectionType.SHT_DYNSYM);
  }

  /** The full symbol table; undefined in a file that was stripped of it. */
  get staticSymbols(): ElfSymbols | undefined {
    return this.#readSymbols(SectionType.SHT_SYMTAB);
  }

  /** What is mapped into memory, in the file's order; none in a relocatable file. Throws FormatError. */
  get segments(): readonly ElfSegment[] {
    this.#segments ??= readSegments(this.#file, this.#header);
    return this.#segments;
  }

  /** The entries of an SHT_REL or SHT_RELA section. Throws FormatError. */
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
        `symbols of ${table.entrySize} bytes are not supported, only of ${size}`,
      );
    }
    const names = this.section(table.link, `section ${table.name}`);
    if (names.type !== SectionType.SHT_STRTAB) {
      throw new FormatError(
        { source: this.sourceOf(table) },
        `its names are said to be in section ${names.index} ${names.name}, which is no string table`,
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
 * Reads the headers of an ELF file of either class and byte order. `source` names it in errors. Of a {@link PiecewiseFile}
 * the headers are read now, and the rest when it is asked for. Throws FormatError.
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
        `the section names are said to be in section ${nameSection}, but there are ${sectionCount}`,
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
      // The flags above 32 bits are for processors and operating systems.
      flags: word(wide && !little ? at + 12 : at + 8),
      address: wide ? readWide(view, at + 16, little) : word(at + 12),
      offset,
      size,
      link: word(at + (wide ? 40 : 24)),
      info: word(at + (wide ? 44 : 28)),
      entrySize: wide ? readWide(view, at + 56, little) : word(at + 36),
    });
  }
  return sections;
}
