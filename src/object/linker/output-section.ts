import type { BtfSecInfo } from "../../btf/index.ts";
import { alignUp, type ElfSection, SectionType } from "../../elf/index.ts";
import { RECORD_KINDS, type SectionRecords } from "./record-kinds.ts";

/** The type, flags and sizes of a section of the output. */
export interface OutputHeader {
  /** The section's number in the output. */
  readonly index: number;
  readonly nameOffset: number;
  readonly type: number;
  readonly flags: number;
  readonly entrySize: number;
  alignment: number;
  link: number;
  info: number;
}

/** A section of the output, or a DATASEC such as `.ksyms` for which the output has no section. */
export class OutputSection {
  readonly name: string;
  /** The file from which the section's first contents came. */
  readonly source: string;
  /** The section's header; undefined until a file has such a section. */
  header: OutputHeader | undefined;
  size = 0;
  /** The number of the section's own symbol; 0 if there is none. */
  symbol = 0;
  /** True if the BTF describes the section. */
  hasDatasec = false;
  readonly variables: BtfSecInfo[] = [];
  /** For each kind of `.BTF.ext` records, in the order of {@link RECORD_KINDS}: a list with an entry for each file. */
  readonly records: readonly SectionRecords[] = RECORD_KINDS.map(() => []);
  #pieces: Uint8Array[] = [];

  constructor(name: string, source: string) {
    this.name = name;
    this.source = source;
  }

  /** The contents from all files, and the padding between them. */
  get pieces(): readonly Uint8Array[] {
    return this.#pieces;
  }

  /** Returns the number of the section in the output; 0 if there is none. */
  get index(): number {
    return this.header?.index ?? 0;
  }

  /** Sets the whole contents. */
  setContents(pieces: readonly Uint8Array[]): void {
    this.#pieces = [...pieces];
    this.size = pieces.reduce((sum, { length }) => sum + length, 0);
  }

  /**
   * Appends the contents of an input section and returns their offset. `contents` are not copied, so later changes to
   * them change the output.
   */
  append(header: OutputHeader, { type, size, alignment }: ElfSection, contents: Uint8Array): number {
    header.alignment = Math.max(header.alignment, alignment);
    const offset = alignUp(this.size, header.alignment);
    if (type !== SectionType.SHT_NOBITS) {
      if (offset > this.size) this.#pieces.push(new Uint8Array(offset - this.size));
      this.#pieces.push(contents);
    }
    this.size = offset + size;
    return offset;
  }
}
