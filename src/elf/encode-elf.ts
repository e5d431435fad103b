import { ElfType, SectionType } from "./constants.ts";
import type { ElfRelocation } from "./relocations.ts";
import type { ElfSymbol } from "./symbols.ts";

const HEADER_SIZE = 64;
const SECTION_HEADER_SIZE = 64;
const ELFCLASS64 = 2;
const EV_CURRENT = 1;
/** The size of a symbol in a 64-bit file. */
export const SYMBOL_SIZE = 24;
/** The size of a relocation in a section of type SHT_REL of a 64-bit file. */
export const RELOCATION_SIZE = 16;

/** A section of a new file. */
export interface NewElfSection {
  /** The offset of its name in the section of section names. */
  readonly nameOffset: number;
  /** The section's type, SHT_*. */
  readonly type: number;
  /** The section's flags, SHF_*. */
  readonly flags: number;
  /** The contents as pieces, which follow each other without gaps. Empty for SHT_NOBITS. */
  readonly pieces: readonly Uint8Array[];
  /** The size in bytes: the sum of all pieces, or for SHT_NOBITS the size in memory. */
  readonly size: number;
  readonly link: number;
  readonly info: number;
  /** The section's alignment in bytes, a power of two. */
  readonly alignment: number;
  readonly entrySize: number;
}

/** Rounds an offset up to a multiple of `alignment`, which must be a power of two. */
export function alignUp(offset: number, alignment: number): number {
  return Math.ceil(offset / alignment) * alignment;
}

/**
 * Encodes a 64-bit relocatable file with the layout of libelf: the sections in their order, each at its alignment, and
 * then the section headers. Section 0 is added. `nameSection` is the number of the section with the section names.
 */
export function encodeRelocatable(
  sections: readonly NewElfSection[],
  options: { readonly little: boolean; readonly machine: number; readonly nameSection: number },
): Uint8Array {
  const { little, machine, nameSection } = options;
  let end = HEADER_SIZE;
  const places = sections.map(({ type, size, alignment }) => {
    const offset = alignUp(end, alignment);
    end = type === SectionType.SHT_NOBITS ? offset : offset + size;
    return offset;
  });
  const headersAt = alignUp(end, 8);
  const data = new Uint8Array(headersAt + SECTION_HEADER_SIZE * (sections.length + 1));
  const view = new DataView(data.buffer);
  const wide = (at: number, value: number): void => view.setBigUint64(at, BigInt(value), little);
  data.set([0x7f, 0x45, 0x4c, 0x46, ELFCLASS64, little ? 1 : 2, EV_CURRENT]);
  view.setUint16(16, ElfType.ET_REL, little);
  view.setUint16(18, machine, little);
  view.setUint32(20, EV_CURRENT, little);
  wide(40, headersAt);
  view.setUint16(52, HEADER_SIZE, little);
  view.setUint16(58, SECTION_HEADER_SIZE, little);
  view.setUint16(60, sections.length + 1, little);
  view.setUint16(62, nameSection, little);
  sections.forEach((section, i) => {
    const offset = places[i] as number;
    let at = offset;
    for (const piece of section.pieces) {
      data.set(piece, at);
      at += piece.length;
    }
    const header = headersAt + SECTION_HEADER_SIZE * (i + 1);
    view.setUint32(header, section.nameOffset, little);
    view.setUint32(header + 4, section.type, little);
    wide(header + 8, section.flags);
    wide(header + 24, offset);
    wide(header + 32, section.size);
    view.setUint32(header + 40, section.link, little);
    view.setUint32(header + 44, section.info, little);
    wide(header + 48, section.alignment);
    wide(header + 56, section.entrySize);
  });
  return data;
}

/** A symbol of a new file. */
export interface NewElfSymbol extends Omit<ElfSymbol, "index" | "name"> {
  /** The offset of its name in the section of the symbols' names. */
  readonly nameOffset: number;
}

/** Encodes the contents of a 64-bit symbol table. */
export function encodeSymbols(symbols: readonly NewElfSymbol[], little: boolean): Uint8Array {
  const data = new Uint8Array(SYMBOL_SIZE * symbols.length);
  const view = new DataView(data.buffer);
  symbols.forEach((symbol, i) => {
    const at = SYMBOL_SIZE * i;
    view.setUint32(at, symbol.nameOffset, little);
    view.setUint8(at + 4, (symbol.binding << 4) | symbol.type);
    view.setUint8(at + 5, symbol.visibility);
    view.setUint16(at + 6, symbol.section, little);
    view.setBigUint64(at + 8, BigInt(symbol.value), little);
    view.setBigUint64(at + 16, BigInt(symbol.size), little);
  });
  return data;
}

/** Encodes the contents of a 64-bit section of type SHT_REL. */
export function encodeRelocations(relocations: readonly Omit<ElfRelocation, "addend">[], little: boolean): Uint8Array {
  const data = new Uint8Array(RELOCATION_SIZE * relocations.length);
  const view = new DataView(data.buffer);
  relocations.forEach(({ offset, symbol, type }, i) => {
    view.setBigUint64(RELOCATION_SIZE * i, BigInt(offset), little);
    view.setBigUint64(RELOCATION_SIZE * i + 8, (BigInt(symbol) << 32n) | BigInt(type), little);
  });
  return data;
}
