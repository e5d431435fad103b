import { type Btf, type BtfExt, encodeBtfExt, type NewBtfExtList, type TypeCollector } from "../../btf/index.ts";
import type { InputObject } from "./input-object.ts";
import { LinkError } from "./link-error.ts";
import type { OutputObject } from "./output-object.ts";
import type { OutputSection } from "./output-section.ts";
import { changeRecords, type FileRecords, RECORD_KINDS, type RecordKind } from "./record-kinds.ts";

/** Adds the records of a file's `.BTF.ext`. `ids` maps type ids of the file's BTF to type ids of the collected BTF. */
export function linkRecords(
  input: InputObject,
  btf: Btf,
  btfExt: BtfExt,
  ids: Uint32Array,
  types: TypeCollector,
): void {
  RECORD_KINDS.forEach((kind, index) => {
    for (const { nameOffset, recordSize, words } of kind.of(btfExt)) {
      const name = btf.string(nameOffset);
      const section = input.section(name);
      if (section === undefined)
        throw input.error(
          `its .BTF.ext has ${kind.name} records for the section ${name}, but the file has no such section`,
        );
      const known = section.output?.records[index];
      if (known === undefined || section.isSkipped) continue;
      const records: FileRecords = { source: input.source, recordSize, words: words.slice() };
      checkSize(records, known[0], kind);
      changeRecords(records, [0], (at) => at + section.offset);
      changeRecords(records, kind.types, (id) => {
        btf.check(id);
        return ids[id] as number;
      });
      changeRecords(records, kind.strings, (offset) => types.addStringOf(btf, offset));
      known.push(records);
    }
  });
}

function checkSize(records: FileRecords, first: FileRecords | undefined, kind: RecordKind): void {
  if (first === undefined || first.recordSize === records.recordSize) return;
  throw new LinkError(
    records.source,
    `its .BTF.ext has ${kind.name} records of ${records.recordSize} bytes, but those of ${first.source} have ${first.recordSize}; compile both with the same compiler`,
  );
}

/** The records of one kind for one section. The section's name is a string of the collected BTF. */
interface NamedRecords {
  readonly records: readonly FileRecords[];
  readonly nameOffset: number;
}

/** All records of the output. They stay here while the BTF to which they refer is deduplicated. */
export class OutputRecords {
  readonly #lists: readonly (readonly NamedRecords[])[];

  /** Adds the names of all sections that have records to the strings of the collected BTF. */
  constructor({ sections }: OutputObject, types: TypeCollector) {
    this.#lists = RECORD_KINDS.map((_, index) => {
      const own = (section: OutputSection) => section.records[index] ?? [];
      const listed = sections.filter((section) => own(section).length > 0);
      return listed.map((section) => ({ records: own(section), nameOffset: types.addString(section.name) }));
    });
  }

  changeTypes(change: (id: number) => number): void {
    this.#lists.forEach((list, index) => {
      for (const { records } of list) {
        for (const each of records) changeRecords(each, RECORD_KINDS[index]?.types ?? [], change);
      }
    });
  }

  /** Encodes the records as `.BTF.ext`; undefined if there are none. */
  encode(little: boolean): Uint8Array | undefined {
    if (this.#lists.every(({ length }) => length === 0)) return undefined;
    const lists = this.#lists.map((list, index): NewBtfExtList => {
      const all = list.flatMap(({ records }) => records);
      const [first] = all;
      const kind = RECORD_KINDS[index];
      if (kind !== undefined) for (const records of all) checkSize(records, first, kind);
      return {
        recordSize: first?.recordSize ?? 0,
        sections: list.map(({ records, nameOffset }) => ({ nameOffset, pieces: records.map(({ words }) => words) })),
      };
    });
    return encodeBtfExt(little, lists);
  }
}
