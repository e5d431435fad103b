import {
  ElfMachine,
  type ElfSection,
  encodeRelocatable,
  encodeSymbols,
  type NewElfSection,
  SectionFlag,
  SectionIndex,
  SectionType,
  SYMBOL_SIZE,
} from "../../elf/index.ts";
import { encodeCString } from "../../layout/index.ts";
import type { InputObject, InputSection } from "./input-object.ts";
import { LinkError } from "./link-error.ts";
import { OutputSection } from "./output-section.ts";

/** How many bytes of padding the output may have in all, so that a small input never makes a huge output. */
const MOST_PADDING = 1 << 26;

/** The numbers of the first two sections. */
const STRINGS_INDEX = 1;
const SYMBOLS_INDEX = 2;

/** A symbol of the output. */
export interface OutputSymbol {
  readonly index: number;
  readonly nameOffset: number;
  type: number;
  binding: number;
  visibility: number;
  section: number;
  value: number;
  size: number;
}

type HeaderFields = Pick<ElfSection, "type" | "flags" | "entrySize" | "alignment" | "link">;

/** The sections, symbols and strings of the output, while files are added. */
export class OutputObject {
  readonly little: boolean;
  /** All sections in the order in which they first appear in the files. The DATASECs of the BTF have the same order. */
  readonly sections: OutputSection[] = [];
  readonly #byName = new Map<string, OutputSection>();
  /** The sections with contents, in the order of the output. */
  readonly #real: OutputSection[] = [];
  readonly #symbols: OutputSymbol[] = [];
  readonly #strings: Uint8Array[] = [new Uint8Array(1)];
  readonly #stringOffsets = new Map<string, number>([["", 0]]);
  #stringEnd = 1;
  #padding = 0;

  constructor(little: boolean) {
    this.little = little;
    const { SHT_STRTAB, SHT_SYMTAB } = SectionType;
    const { SHF_STRINGS } = SectionFlag;
    this.#addOwn(".strtab", { type: SHT_STRTAB, flags: SHF_STRINGS, entrySize: 0, alignment: 1, link: 0 });
    this.#addOwn(".symtab", { type: SHT_SYMTAB, flags: 0, entrySize: SYMBOL_SIZE, alignment: 8, link: STRINGS_INDEX });
    this.addSymbol("", { type: 0, binding: 0, visibility: 0, section: 0, value: 0, size: 0 });
  }

  /** Adds a symbol and returns it. */
  addSymbol(name: string, symbol: Omit<OutputSymbol, "index" | "nameOffset">): OutputSymbol {
    const added = { index: this.#symbols.length, nameOffset: this.#addString(name), ...symbol };
    this.#symbols.push(added);
    return added;
  }

  /**
   * Finds or makes the section into which an input section goes. Throws LinkError if both have the same name, but
   * different types, flags or sizes of entries.
   */
  sectionFor(input: InputObject, { name, header }: InputSection): OutputSection {
    const known = this.#byName.get(name);
    const section = known ?? this.#addSection(name, input.source);
    if (header === undefined) return section;
    if (section.header === undefined) {
      const { type, flags, entrySize, alignment } = header;
      this.#makeReal(section, { type, flags, entrySize, alignment, link: 0 });
      return section;
    }
    for (const [what, key] of DIFFERENCES) {
      if (section.header[key] === header[key]) continue;
      throw input.error(
        `section ${name} has the ${what} ${header[key]}, but ${section.header[key]} in ${section.source}; they cannot be one section`,
      );
    }
    return section;
  }

  /** Appends the contents of an input section and stores their offset in `section`. `contents` are not copied. */
  append(input: InputObject, section: InputSection, output: OutputSection, contents: Uint8Array): void {
    section.output = output;
    section.offset = 0;
    if (section.header === undefined || output.header === undefined) return;
    const { size } = output;
    section.offset = output.append(output.header, section.header, contents);
    this.#padding += section.offset - size;
    if (this.#padding > MOST_PADDING || !Number.isSafeInteger(output.size)) {
      throw input.error(`section ${section.name}: the sizes and alignments of the sections are too large to link them`);
    }
  }

  /** Makes a section of relocations refer to the symbols and to the section that it relocates. */
  setRelocated(section: OutputSection, target: OutputSection | undefined): void {
    if (section.header === undefined) return;
    section.header.link = SYMBOLS_INDEX;
    section.header.info = target?.index ?? 0;
  }

  /** Adds a section that is complete, after all others. */
  addFinal(name: string, contents: Uint8Array): void {
    const header = { type: SectionType.SHT_PROGBITS, flags: 0, entrySize: 0, alignment: 8, link: 0 };
    this.#addOwn(name, header).setContents([contents]);
  }

  /** Encodes the file. */
  encode(): Uint8Array {
    const [strings, symbols] = this.#real as [OutputSection, OutputSection];
    symbols.setContents([encodeSymbols(this.#symbols, this.little)]);
    strings.setContents(this.#strings);
    let alignments = 0;
    const sections = this.#real.map((section): NewElfSection => {
      const { header, size, pieces } = section;
      if (header === undefined) throw new TypeError(`section ${section.name} has no header`);
      alignments += header.alignment;
      return { ...header, size, pieces };
    });
    if (alignments > MOST_PADDING) {
      throw new LinkError(
        "the output",
        "the alignments of its sections are too large; the file would be mostly padding",
      );
    }
    if (sections.length >= SectionIndex.SHN_LORESERVE - 1) {
      throw new LinkError("the output", `it would have ${sections.length} sections, more than 65,279`);
    }
    return encodeRelocatable(sections, {
      little: this.little,
      machine: ElfMachine.EM_BPF,
      nameSection: STRINGS_INDEX,
    });
  }

  #addSection(name: string, source: string): OutputSection {
    const section = new OutputSection(name, source);
    this.sections.push(section);
    if (!this.#byName.has(name)) this.#byName.set(name, section);
    return section;
  }

  /** Adds a section that comes from no file. */
  #addOwn(name: string, header: HeaderFields): OutputSection {
    const section = this.#addSection(name, "the output");
    this.#makeReal(section, header);
    return section;
  }

  #makeReal(section: OutputSection, header: HeaderFields): void {
    section.header = {
      ...header,
      index: this.#real.length + 1,
      nameOffset: this.#addString(section.name),
      info: 0,
    };
    this.#real.push(section);
  }

  #addString(text: string): number {
    const known = this.#stringOffsets.get(text);
    if (known !== undefined) return known;
    const bytes = encodeCString(text);
    const offset = this.#stringEnd;
    this.#strings.push(bytes);
    this.#stringOffsets.set(text, offset);
    this.#stringEnd += bytes.length;
    return offset;
  }
}

const DIFFERENCES = [
  ["type", "type"],
  ["flags", "flags"],
  ["entry size", "entrySize"],
] as const;
