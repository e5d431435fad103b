import { SectionFlag, SectionType, SymbolType } from "../../elf/index.ts";
import type { InputObject, InputSection } from "./input-object.ts";
import type { OutputObject } from "./output-object.ts";

const RELOCATION_SIZE = 16;
const INSTRUCTION_SIZE = 8;
/** The opcode of a call (BPF_JMP | BPF_CALL). The `imm` of a call counts instructions; any other `imm` counts bytes. */
const CALL = 0x85;

/**
 * Adds the relocations of a file, with their new places and symbols. `contents` are the output's copies of the file's
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
    const data = input.elf.contents(header).slice();
    const view = new DataView(data.buffer);
    output.append(input, section, relocated, data);
    input.elf.relocations(header).forEach(({ offset, symbol, type }, i) => {
      view.setBigUint64(RELOCATION_SIZE * i, BigInt(offset + target.offset), little);
      view.setBigUint64(RELOCATION_SIZE * i + 8, (BigInt(symbols[symbol] as number) << 32n) | BigInt(type), little);
      const referred = input.symbols[symbol];
      if (referred?.type !== SymbolType.STT_SECTION) return;
      if (((target.header?.flags ?? 0) & SectionFlag.SHF_EXECINSTR) === 0) {
        throw input.error(
          `the data of section ${target.name} refers to a static function or variable, at byte ${offset}; make it global`,
        );
      }
      const code = contents.get(target);
      if (code !== undefined) moveReference(code, offset, input.sectionOf(referred)?.offset ?? 0, little);
    });
  }
}

/**
 * Adds to the `imm` of an instruction. If an instruction refers to a section, its `imm` is an offset in that section.
 * The offset changes, because the output places the section's contents after those of earlier files.
 */
function moveReference(code: Uint8Array, at: number, bytes: number, little: boolean): void {
  const view = new DataView(code.buffer, code.byteOffset, code.byteLength);
  const unit = view.getUint8(at) === CALL ? INSTRUCTION_SIZE : 1;
  view.setInt32(at + 4, view.getInt32(at + 4, little) + bytes / unit, little);
}
