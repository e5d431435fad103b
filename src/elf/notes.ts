import { type Bytes, decodeText } from "../layout/index.ts";
import type { ElfFile, ElfSection } from "./elf-file.ts";

/** One ELF note: data that one tool leaves for another. */
export interface ElfNote {
  /** The name of the owner, such as `GNU` or `stapsdt`, who defines the meaning of `type`. */
  readonly owner: string;
  readonly type: number;
  /** Offset in the section, for errors. */
  readonly at: number;
  readonly description: Uint8Array;
}

/** Yields the notes of an SHT_NOTE section. Throws FormatError for a note that runs past the section's end. */
export function* readNotes(elf: ElfFile, section: ElfSection): Generator<ElfNote, void, undefined> {
  const bytes: Bytes = elf.bytes(section);
  for (let at = 0; at + 12 <= bytes.length; ) {
    const nameSize = bytes.u32(at);
    const size = bytes.u32(at + 4);
    const nameAt = at + 12;
    const descriptionAt = nameAt + aligned(nameSize);
    bytes.check(nameAt, nameSize, "a note's owner");
    const description = bytes.slice(descriptionAt, size, "a note");
    // The size includes the name's NUL.
    const owner = decodeText(bytes.data, nameAt, nameAt + Math.max(0, nameSize - 1));
    yield { owner, type: bytes.u32(at + 8), at, description };
    at = descriptionAt + aligned(size);
  }
}

function aligned(size: number): number {
  return Math.ceil(size / 4) * 4;
}
