import { SegmentFlag, SegmentType } from "./constants.ts";
import type { FileBytes } from "./file-bytes.ts";
import type { ElfHeader } from "./header.ts";
import { readWide } from "./wide.ts";

/** A program header. Most describe a part of the file that is mapped into memory. Numbers are exact below 2^53. */
export interface ElfSegment {
  /** The segment's type, PT_*. */
  readonly type: number;
  /** The segment's flags, PF_*. */
  readonly flags: number;
  /** File offset of its bytes. */
  readonly offset: number;
  /** Address in memory; in a shared object relative to the load address. */
  readonly address: number;
  readonly fileSize: number;
  /** The size in memory. It is at least `fileSize`; the bytes past `fileSize` are zeros. */
  readonly memorySize: number;
}

/** The kernel's limit on the size of the program header table. */
const MOST_BYTES = 0x10000;

/** Reads the program headers of a file. Throws FormatError. */
export function readSegments(file: FileBytes, header: ElfHeader): ElfSegment[] {
  const { segmentsAt, segmentEntrySize, segmentCount, bits, little } = header;
  if (segmentsAt === 0 || segmentCount === 0) return [];
  if (segmentCount * segmentEntrySize > MOST_BYTES) {
    throw file.error(
      undefined,
      `the table of ${segmentCount} program headers is longer than ${MOST_BYTES} bytes; Linux does not load such a file`,
    );
  }
  const wide = bits === 64;
  const least = wide ? 56 : 32;
  if (segmentEntrySize < least) {
    throw file.error(
      undefined,
      `program headers of ${segmentEntrySize} bytes are not supported; a program header has at least ${least} bytes`,
    );
  }
  const size = segmentCount * segmentEntrySize;
  const { view } = file.piece(segmentsAt, size, `the table of ${segmentCount} program headers`, little);
  const number = (at: number) => (wide ? readWide(view, at, little) : view.getUint32(at, little));
  const word = wide ? 8 : 4;
  return Array.from({ length: segmentCount }, (_, i) => {
    const at = i * segmentEntrySize;
    // Five words: offset, vaddr, paddr, filesz, memsz. The flags are before them in 64-bit files, after them in 32-bit.
    const words = at + (wide ? 8 : 4);
    return {
      type: view.getUint32(at, little),
      flags: view.getUint32(at + (wide ? 4 : 24), little),
      offset: number(words),
      address: number(words + word),
      fileSize: number(words + 3 * word),
      memorySize: number(words + 4 * word),
    };
  });
}

/** Returns the file offset of the code at an address; undefined if no executable segment maps it from the file. */
export function codeOffset(segments: readonly ElfSegment[], address: number): number | undefined {
  const segment = segmentAt(segments, address);
  if (segment === undefined || (segment.flags & SegmentFlag.PF_X) === 0) return undefined;
  const place = address - segment.address;
  return place < segment.fileSize ? segment.offset + place : undefined;
}

/** Finds the loaded segment that contains an address. */
export function segmentAt(segments: readonly ElfSegment[], address: number): ElfSegment | undefined {
  return segments.find(
    (one) => one.type === SegmentType.PT_LOAD && address >= one.address && address < one.address + one.memorySize,
  );
}
