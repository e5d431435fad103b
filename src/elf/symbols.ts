import type { Bytes, StringSection } from "../layout/index.ts";
import { SectionIndex } from "./constants.ts";
import { readWide } from "./wide.ts";

/** One entry of a symbol table. */
export interface ElfSymbol {
  readonly index: number;
  readonly name: string;
  /** In a relocatable file an offset in the section, otherwise an address. Exact below 2^53. */
  readonly value: number;
  /** The size of what the symbol names, in bytes; exact below 2^53. */
  readonly size: number;
  /** The symbol's type, STT_*. */
  readonly type: number;
  /** The symbol's binding, STB_*. */
  readonly binding: number;
  /** The symbol's visibility, STV_*. */
  readonly visibility: number;
  /** The section that contains what the symbol names, or SHN_UNDEF, SHN_ABS or SHN_COMMON. */
  readonly section: number;
}

/** A symbol table. Each access decodes the symbol again, because nothing is cached. */
export class ElfSymbols {
  readonly length: number;
  readonly #bytes: Bytes;
  readonly #wide: boolean;
  readonly #strings: StringSection;
  readonly #sectionNumbers: Bytes | undefined;

  /** `sectionNumbers` is the SHT_SYMTAB_SHNDX section, which only a file with more than 0xff00 sections has. */
  constructor(bytes: Bytes, bits: 32 | 64, strings: StringSection, sectionNumbers: Bytes | undefined) {
    this.#bytes = bytes;
    this.#wide = bits === 64;
    this.#strings = strings;
    this.#sectionNumbers = sectionNumbers;
    this.length = Math.floor(bytes.length / (this.#wide ? 24 : 16));
  }

  /** Returns a symbol by its number. Throws FormatError if there is none. */
  at(index: number): ElfSymbol {
    const bytes = this.#bytes;
    if (!(Number.isInteger(index) && index >= 0 && index < this.length)) {
      throw bytes.error(undefined, `there is no symbol ${index}: the table has ${this.length} symbols`);
    }
    const { view, little } = bytes;
    const wide = this.#wide;
    const at = index * (wide ? 24 : 16);
    const info = view.getUint8(at + (wide ? 4 : 12));
    const other = view.getUint8(at + (wide ? 5 : 13));
    let section = view.getUint16(at + (wide ? 6 : 14), little);
    if (section === SectionIndex.SHN_XINDEX && this.#sectionNumbers !== undefined) {
      section = this.#sectionNumbers.u32(4 * index, `the section number of symbol ${index}`);
    }
    return {
      index,
      name: this.#strings.at(view.getUint32(at, little), `the name of symbol ${index}`),
      value: wide ? readWide(view, at + 8, little) : view.getUint32(at + 4, little),
      size: wide ? readWide(view, at + 16, little) : view.getUint32(at + 8, little),
      type: info & 0xf,
      binding: info >>> 4,
      visibility: other & 3,
      section,
    };
  }

  /**
   * Yields the symbols of one type; if `name` is given, only those with this name. Other symbols are not decoded. With
   * `versioned` the symbols `name@VERSION` are included: linkers write such names into the full table.
   */
  *ofType(type: number, name?: string, versioned = false): Generator<ElfSymbol, void, undefined> {
    const { view, little } = this.#bytes;
    const size = this.#wide ? 24 : 16;
    const infoAt = this.#wide ? 4 : 12;
    const matches = name === undefined ? undefined : this.#strings.matcher(name, versioned);
    for (let i = 0, at = 0; i < this.length; i++, at += size) {
      if ((view.getUint8(at + infoAt) & 0xf) !== type) continue;
      if (matches === undefined || matches(view.getUint32(at, little))) yield this.at(i);
    }
  }

  *[Symbol.iterator](): Generator<ElfSymbol, void, undefined> {
    for (let i = 0; i < this.length; i++) yield this.at(i);
  }
}
