import { SegmentFlag, SegmentType } from "./constants.ts";
import type { FileBytes } from "./file-bytes.ts";
import type { ElfHeader } from "./header.ts";
import { readWide } from "./wide.ts";

/** A program header: a part of the file that is mapped. Offsets and sizes are bytes, exact below 2^53. */
export interface ElfSegment {
  /** PT_* */
  readonly type: number;
  /** PF_* */
  readonly flags: number;
  /** Where its bytes are in the file. */
  readonly offset: number;
  /** Where they are in memory; counted from the load address in a shared object. */
  readonly address: number;
  readonly fileSize: number;
  /** At least `fileSize`: the rest is zeros. */
  readonly memorySize: number;
}

/** The kernel's bound for the table of program headers. */
const MOST_BYTES = 0x10000;

/** The program headers of a file. Throws FormatError. */
export function readSegments(file: FileBytes, header: ElfHeader): ElfSegment[] {
  const { segmentsAt, segmentEntrySize, segmentCount, bits, little } = header;
  if (segmentsAt === 0 || segmentCount === 0) return [];
  if (segmentCount * segmentEntrySize > MOST_BYTES) {
    throw file.error(
      undefined,
      `the table of ${segmentCount} program headers is longer than ${MOST_BYTES} bytes: Linux loads no such program`,
    );
  }
  const wide = bits === 64;
  const least = wide ? 56 : 32;
  if (segmentEntrySize < least) {
    throw file.error(
      undefined,
      `program headers of ${segmentEntrySize} bytes are not supported, at least ${least} are`,
    );
  }
  const size = segmentCount * segmentEntrySize;
  const { view } = file.piece(segmentsAt, size, `the table of ${segmentCount} program headers`, little);
  const number = (at: number) => (wide ? readWide(view, at, little) : view.getUint32(at, little));
  const word = wide ? 8 : 4;
  return Array.from({ length: segmentCount }, (_, i) => {
    const at = i * segmentEntrySize;
    // offset, vaddr, paddr, filesz, memsz are five words; the flags moved forward in the 64-bit form.
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

/** Returns where in the file the code at an address is; undefined if no executable segment brings it from there. */
export function codeOffset(segments: readonly ElfSegment[], address: number): number | undefined {
  const segment = segmentAt(segments, address);
  if (segment === undefined || (segment.flags & SegmentFlag.PF_X) === 0) return undefined;
  const place = address - segment.address;
  return place < segment.fileSize ? segment.offset + place : undefined;
}

/** The loaded segment that an address lies in. */
export function segmentAt(segments: readonly ElfSegment[], address: number): ElfSegment | undefined {
  return segments.find(
    (one) => one.type === SegmentType.PT_LOAD && address >= one.address && address < one.address + one.memorySize,
  );
}
