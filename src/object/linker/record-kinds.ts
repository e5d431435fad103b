import type { BtfExt, BtfExtSection } from "../../btf/index.ts";

/** A kind of records in `.BTF.ext`. The first word of each record is the position of an instruction, in bytes. */
export interface RecordKind {
  readonly name: string;
  readonly of: (ext: BtfExt) => readonly BtfExtSection[];
  /** Which 32-bit words of a record contain ids of types, as indexes into the record. */
  readonly types: readonly number[];
  /** Which 32-bit words of a record contain offsets of strings, as indexes into the record. */
  readonly strings: readonly number[];
}

/** All kinds in the order of the section. */
export const RECORD_KINDS: readonly RecordKind[] = [
  { name: "function", of: ({ funcInfos }) => funcInfos, types: [1], strings: [] },
  { name: "line", of: ({ lineInfos }) => lineInfos, types: [], strings: [1, 2] },
  { name: "CO-RE", of: ({ coreRelocations }) => coreRelocations, types: [1], strings: [2] },
];

/** The records of one kind for one section: one entry for each file. All records have the same size. */
export type SectionRecords = FileRecords[];

export interface FileRecords {
  readonly source: string;
  /** Bytes per record. */
  readonly recordSize: number;
  /**
   * The records. Their type ids are those of the collected BTF; the last step changes them to those of the output's
   * BTF.
   */
  readonly words: Uint32Array;
}

/** Changes the words at the given positions in each record. */
export function changeRecords(
  { words, recordSize }: FileRecords,
  fields: readonly number[],
  change: (word: number) => number,
): void {
  if (fields.length === 0) return;
  for (let at = 0; at < words.length; at += recordSize / 4) {
    for (const field of fields) words[at + field] = change(words[at + field] as number);
  }
}
