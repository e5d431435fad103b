import { BTF_MAGIC } from "./header.ts";

/** The size of a header that has `core_relo_off` and `core_relo_len`. */
const HEADER_SIZE = 32;

/** Records of one kind for one program section. */
export interface NewBtfExtSection {
  /** The name of the section, as a string offset in the BTF. */
  readonly nameOffset: number;
  /** The records in pieces, as u32 in this machine's byte order. */
  readonly pieces: readonly Uint32Array[];
}

/** All records of one kind. */
export interface NewBtfExtList {
  /** Bytes per record. */
  readonly recordSize: number;
  readonly sections: readonly NewBtfExtSection[];
}

/** Encodes a `.BTF.ext` section. `lists` are the function, line and CO-RE records. A list without sections is left out. */
export function encodeBtfExt(little: boolean, lists: readonly NewBtfExtList[]): Uint8Array {
  const countWords = ({ pieces }: NewBtfExtSection): number => pieces.reduce((sum, { length }) => sum + length, 0);
  const sizes = lists.map(({ sections }) =>
    sections.length === 0 ? 0 : sections.reduce((sum, section) => sum + 8 + 4 * countWords(section), 4),
  );
  const data = new Uint8Array(sizes.reduce((sum, size) => sum + size, HEADER_SIZE));
  const view = new DataView(data.buffer);
  view.setUint16(0, BTF_MAGIC, little);
  view.setUint8(2, 1);
  view.setUint32(4, HEADER_SIZE, little);
  let at = HEADER_SIZE;
  const write = (word: number): void => {
    view.setUint32(at, word, little);
    at += 4;
  };
  lists.forEach(({ recordSize, sections }, i) => {
    view.setUint32(8 + 8 * i, at - HEADER_SIZE, little);
    view.setUint32(12 + 8 * i, sizes[i] as number, little);
    if (sections.length > 0) write(recordSize);
    for (const section of sections) {
      write(section.nameOffset);
      write((4 * countWords(section)) / recordSize);
      for (const piece of section.pieces) for (const word of piece) write(word);
    }
  });
  return data;
}
