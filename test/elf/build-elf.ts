import { SectionType } from "../../src/elf/index.ts";

/** A section for {@link buildElf}. */
export interface NewSection {
  readonly name: string;
  readonly type?: number;
  readonly flags?: number;
  readonly data?: Uint8Array;
  /** Instead of the data's length, as for SHT_NOBITS. */
  readonly size?: number;
  readonly link?: number;
  readonly info?: number;
  readonly entrySize?: number;
}
/** A symbol for {@link buildElf}. */
export interface NewSymbol {
  readonly name: string;
  readonly value?: number;
  readonly size?: number;
  readonly type?: number;
  readonly binding?: number;
  readonly visibility?: number;
  readonly section?: number;
}
export interface NewElf {
  readonly bits?: 32 | 64;
  readonly little?: boolean;
  readonly type?: number;
  readonly machine?: number;
  /** Numbered from 1. `.symtab`, `.strtab` and `.shstrtab` come behind them. */
  readonly sections: readonly NewSection[];
  /** Numbered from 1. */
  readonly symbols?: readonly NewSymbol[];
}

/** The bytes of a relocation section. */
export function relocationBytes(
  entries: readonly { offset: number; symbol: number; type?: number; addend?: number }[],
  { bits = 64, little = true }: { bits?: 32 | 64; little?: boolean } = {},
): Uint8Array {
  const withAddend = entries.some((entry) => entry.addend !== undefined);
  const word = bits / 8;
  const size = word * (withAddend ? 3 : 2);
  const view = new DataView(new ArrayBuffer(size * entries.length));
  const put = (at: number, value: bigint) =>
    bits === 64
      ? view.setBigUint64(at, BigInt.asUintN(64, value), little)
      : view.setUint32(at, Number(BigInt.asUintN(32, value)), little);
  entries.forEach(({ offset, symbol, type = 1, addend = 0 }, i) => {
    put(i * size, BigInt(offset));
    put(i * size + word, bits === 64 ? (BigInt(symbol) << 32n) | BigInt(type) : (BigInt(symbol) << 8n) | BigInt(type));
    if (withAddend) put(i * size + 2 * word, BigInt(addend));
  });
  return new Uint8Array(view.buffer);
}

/** Writes an ELF file: the header, the sections' bytes, the section headers. */
export function buildElf(elf: NewElf): Uint8Array {
  const { bits = 64, little = true, type = 1, machine = 247, sections, symbols = [] } = elf;
  const wide = bits === 64;
  const strings = new Strings();
  const symbolSize = wide ? 24 : 16;
  const table = new DataView(new ArrayBuffer(symbolSize * (symbols.length + 1)));
  const word = (view: DataView, at: number, value: number) =>
    wide ? view.setBigUint64(at, BigInt(value), little) : view.setUint32(at, value, little);
  symbols.forEach((symbol, i) => {
    const at = (i + 1) * symbolSize;
    const { name, value = 0, size = 0, type = 0, binding = 1, visibility = 0, section = 0 } = symbol;
    table.setUint32(at, strings.add(name), little);
    word(table, at + (wide ? 8 : 4), value);
    word(table, at + (wide ? 16 : 8), size);
    table.setUint8(at + (wide ? 4 : 12), (binding << 4) | type);
    table.setUint8(at + (wide ? 5 : 13), visibility);
    table.setUint16(at + (wide ? 6 : 14), section, little);
  });
  const all: NewSection[] = [{ name: "", type: SectionType.SHT_NULL }, ...sections];
  const names = new Strings();
  all.push({
    name: ".symtab",
    type: SectionType.SHT_SYMTAB,
    data: new Uint8Array(table.buffer),
    link: all.length + 1,
    entrySize: symbolSize,
  });
  all.push({ name: ".strtab", type: SectionType.SHT_STRTAB, data: strings.bytes() });
  const nameOffsets = [...all.map((section) => names.add(section.name)), names.add(".shstrtab")];
  all.push({ name: ".shstrtab", type: SectionType.SHT_STRTAB, data: names.bytes() });
  const headerSize = wide ? 64 : 52;
  const entrySize = wide ? 64 : 40;
  const offsets: number[] = [];
  let end = headerSize;
  for (const section of all) {
    offsets.push(end);
    end += Math.ceil((section.data?.length ?? 0) / 8) * 8;
  }
  const out = new Uint8Array(end + all.length * entrySize);
  const view = new DataView(out.buffer);
  out.set([0x7f, 0x45, 0x4c, 0x46, wide ? 2 : 1, little ? 1 : 2, 1]);
  view.setUint16(16, type, little);
  view.setUint16(18, machine, little);
  view.setUint32(20, 1, little);
  word(view, wide ? 40 : 32, end);
  view.setUint16(headerSize - 12, headerSize, little);
  view.setUint16(headerSize - 6, entrySize, little);
  view.setUint16(headerSize - 4, all.length, little);
  view.setUint16(headerSize - 2, all.length - 1, little);
  all.forEach((section, i) => {
    const at = end + i * entrySize;
    if (section.data !== undefined) out.set(section.data, offsets[i]);
    view.setUint32(at, nameOffsets[i] as number, little);
    view.setUint32(at + 4, section.type ?? SectionType.SHT_PROGBITS, little);
    word(view, at + 8, section.flags ?? 0);
    word(view, at + (wide ? 24 : 16), offsets[i] as number);
    word(view, at + (wide ? 32 : 20), section.size ?? section.data?.length ?? 0);
    view.setUint32(at + (wide ? 40 : 24), section.link ?? 0, little);
    view.setUint32(at + (wide ? 44 : 28), section.info ?? 0, little);
    word(view, at + (wide ? 56 : 36), section.entrySize ?? 0);
  });
  return out;
}

class Strings {
  #text = "\0";
  add(text: string): number {
    if (text === "") return 0;
    const at = this.#text.length;
    this.#text += `${text}\0`;
    return at;
  }
  bytes(): Uint8Array {
    return Uint8Array.from(this.#text, (c) => c.charCodeAt(0));
  }
}
