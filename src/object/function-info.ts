import type { Btf, BtfExtSection, CoreRelocation } from "../btf/index.ts";
import { parseBtfExt } from "../btf/index.ts";
import type { ObjectFunction, ObjectFunctions } from "./functions.ts";
import type { ObjectSections } from "./sections.ts";

/** The records of `.BTF.ext` for a function. */
export interface FunctionInfo {
  /** The id of the function's FUNC in the BTF; 0 if there is none. */
  typeId: number;
  /** The function's line records, as indexes into {@link lines}. */
  readonly lineNumbers: number[];
  lines: BtfExtSection | undefined;
  /** The function's CO-RE relocations. Their slots count from the start of the function. */
  readonly coreRelocations: CoreRelocation[];
}

export type FunctionInfos = ReadonlyMap<ObjectFunction, FunctionInfo>;

/**
 * Assigns the records of `.BTF.ext` to the functions. Skips records of weak functions that a static linker has
 * overridden.
 */
export function readFunctionInfos(
  sections: ObjectSections,
  btf: Btf | undefined,
  functions: ObjectFunctions,
): FunctionInfos {
  const out = new Map<ObjectFunction, FunctionInfo>();
  if (btf === undefined || sections.btfExt === undefined) return out;
  const { elf } = sections;
  const ext = parseBtfExt(elf.contents(sections.btfExt), { source: elf.sourceOf(sections.btfExt) });
  const numbers = new Map<string, number>();
  for (const { name, index } of elf.sections) if (!numbers.has(name)) numbers.set(name, index);
  const each = (
    records: BtfExtSection,
    visit: (info: FunctionInfo, from: ObjectFunction, i: number, slot: number) => void,
  ) => {
    const section = numbers.get(btf.string(records.nameOffset));
    if (section === undefined) return;
    let from: ObjectFunction | undefined;
    let info: FunctionInfo | undefined;
    for (let i = 0; i < records.count; i++) {
      const slot = records.word(i, 0) / 8;
      if (from === undefined || slot < from.start || slot >= from.start + from.count) {
        from = functions.find(section, slot);
        if (from === undefined) continue;
        info = out.get(from);
        if (info === undefined) {
          info = { typeId: 0, lineNumbers: [], lines: undefined, coreRelocations: [] };
          out.set(from, info);
        }
      }
      visit(info as FunctionInfo, from, i, slot);
    }
  };
  for (const records of ext.funcInfos) {
    each(records, (info, from, i, slot) => {
      if (slot === from.start && info.typeId === 0) info.typeId = records.word(i, 1);
    });
  }
  for (const records of ext.lineInfos) {
    each(records, (info, _, i) => {
      // If a section has two lists of lines, use only the first, as libbpf does.
      info.lines ??= records;
      if (info.lines === records) info.lineNumbers.push(i);
    });
  }
  for (const records of ext.coreRelocations) {
    each(records, (info, from, i, slot) => {
      info.coreRelocations.push({ ...records.coreRelocation(i, btf), slot: slot - from.start });
    });
  }
  return out;
}
