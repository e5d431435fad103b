import { encodeRelocations, SectionFlag, SectionType, SymbolType } from "../../elf/index.ts";
import { SLOT } from "../functions.ts";
import { InstructionView } from "../instruction-view.ts";
import type { InputObject, InputSection } from "./input-object.ts";
import type { OutputObject } from "./output-object.ts";

/**
 * Adds the relocations of a file, with their new offsets and symbols. `contents` are the output's copies of the file's
 * sections. `symbols` maps the numbers of the file's symbols to their numbers in the output.
 */
export function linkRelocations(
  input: InputObject,
  output: OutputObject,
  contents: ReadonlyMap<InputSection, Uint8Array>,
  symbols: Uint32Array,
): void {
  const { little } = output;
  for (const section of input.sections) {
    const { header } = section;
    if (header?.type !== SectionType.SHT_REL || section.isSkipped) continue;
    const target = input.sections[header.info];
    if (target === undefined || target.isSkipped) continue;
    const relocated = output.sectionFor(input, section);
    output.setRelocated(relocated, target.output);
    const relocations = input.elf.relocations(header);
    const moved = relocations.map(({ offset, symbol, type }) => ({
      offset: offset + target.offset,
      symbol: symbols[symbol] as number,
      type,
    }));
    output.append(input, section, relocated, encodeRelocations(moved, little));
    for (const { offset, symbol } of relocations) {
      const referred = input.symbols[symbol];
      if (referred?.type !== SymbolType.STT_SECTION) continue;
      if (((target.header?.flags ?? 0) & SectionFlag.SHF_EXECINSTR) === 0) {
        throw input.error(
          `the data of section ${target.name} refers to a static function or variable, at byte ${offset}; make it global`,
        );
      }
      const code = contents.get(target);
      if (code !== undefined) moveReference(code, offset, input.sectionOf(referred)?.offset ?? 0, little);
    }
  }
}

/**
 * Adds a number to the `imm` of an instruction that refers to a section. This `imm` is an offset in the section. The
 * offset grows, because the output has the contents of earlier files before the contents of this file.
 */
function moveReference(code: Uint8Array, at: number, bytes: number, little: boolean): void {
  const view = new InstructionView(code, little);
  const slot = at / SLOT;
  // The `imm` of a call counts instructions; any other `imm` counts bytes.
  view.setImm(slot, view.imm(slot) + (view.isCall(slot) ? bytes / SLOT : bytes));
}
