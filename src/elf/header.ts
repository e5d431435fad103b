import { formatHex } from "../layout/index.ts";
import type { FileBytes } from "./file-bytes.ts";
import { readWide } from "./wide.ts";

/** The fields of the ELF header. The counts are right for files with very many sections too. Sizes are in bytes. */
export interface ElfHeader {
  readonly bits: 32 | 64;
  readonly little: boolean;
  readonly type: number;
  readonly machine: number;
  /** File offset of the section headers; 0 if there are none. */
  readonly sectionsAt: number;
  readonly sectionEntrySize: number;
  readonly sectionCount: number;
  /** The number of the section that holds the section names; 0 if there is none. */
  readonly nameSection: number;
  /** File offset of the program headers; 0 if there are none. */
  readonly segmentsAt: number;
  readonly segmentEntrySize: number;
  readonly segmentCount: number;
}

/** The smallest size of a section header (`Elf32_Shdr`, `Elf64_Shdr`). */
const SECTION_HEADER_SIZE = { 32: 40, 64: 64 } as const;

/** Reads the header of a 32- or 64-bit file of either byte order. Throws FormatError. */
export function readElfHeader(file: FileBytes): ElfHeader {
  const fail = (offset: number | undefined, problem: string) => file.error(offset, problem);
  const data = file.slice(0, Math.min(file.length, 64), "the ELF header");
  if (data.length === 0) throw fail(undefined, "the file is empty");
  if (!(data[0] === 0x7f && data[1] === 0x45 && data[2] === 0x4c && data[3] === 0x46)) {
    throw fail(undefined, `this is not an ELF file: it begins with ${describeStart(data)}`);
  }
  if (data.length < 16)
    throw fail(undefined, `the file is truncated: an ELF header needs 52 bytes, but there are ${data.length}`);
  const elfClass = data[4] as number;
  if (elfClass !== 1 && elfClass !== 2) throw fail(4, `the ELF class ${elfClass} is neither 32-bit (1) nor 64-bit (2)`);
  const order = data[5] as number;
  if (order !== 1 && order !== 2) throw fail(5, `the byte order ${order} is neither little (1) nor big (2) endian`);
  if (data[6] !== 1) throw fail(6, `ELF version ${data[6]} is not supported; bpfts reads version 1`);
  const bits = elfClass === 1 ? 32 : 64;
  const little = order === 1;
  const size = bits === 32 ? 52 : 64;
  if (data.length < size) {
    throw fail(undefined, `the file is truncated: an ELF header needs ${size} bytes, but there are ${data.length}`);
  }
  const bytes = file.piece(0, size, "the ELF header", little);
  const { view } = bytes;
  const sectionsAt = bits === 32 ? bytes.u32(32) : readWide(view, 40, little);
  const at = size - 6;
  const sectionEntrySize = bytes.u16(at);
  let sectionCount = bytes.u16(at + 2);
  let nameSection = bytes.u16(at + 4);
  if (sectionsAt === 0) {
    sectionCount = 0;
  } else {
    const least = SECTION_HEADER_SIZE[bits];
    if (sectionEntrySize < least) {
      throw fail(
        at,
        `section headers of ${sectionEntrySize} bytes are not supported; a section header has at least ${least} bytes`,
      );
    }
    const first = file.piece(sectionsAt, least, "the first section header", little);
    // If a file has 0xff00 sections or more, its true counts are in the first section header, which describes no
    // section.
    if (sectionCount === 0) sectionCount = bits === 32 ? first.u32(20) : readWide(first.view, 32, little);
    if (nameSection === 0xffff) nameSection = first.u32(bits === 32 ? 24 : 40);
    file.check(sectionsAt, sectionCount * sectionEntrySize, `the table of ${sectionCount} section headers`);
  }
  return {
    bits,
    little,
    type: bytes.u16(16),
    machine: bytes.u16(18),
    sectionsAt,
    sectionEntrySize,
    sectionCount,
    nameSection,
    segmentsAt: bits === 32 ? bytes.u32(28) : readWide(view, 32, little),
    segmentEntrySize: bytes.u16(size - 10),
    segmentCount: bytes.u16(size - 8),
  };
}

/** Describes the first bytes for an error: as text if they are text. */
function describeStart(data: Uint8Array): string {
  const start = Array.from(data.subarray(0, 16));
  if (start.every((byte) => (byte >= 0x20 && byte < 0x7f) || byte === 9 || byte === 10 || byte === 13)) {
    return `the text ${JSON.stringify(String.fromCharCode(...start))}`;
  }
  return `the bytes ${formatHex(data.subarray(0, 4), " ")}`;
}
