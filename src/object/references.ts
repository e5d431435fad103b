import { type ElfSymbol, type ElfSymbols, SectionIndex, SymbolType } from "../elf/index.ts";
import { withArticle } from "../layout/index.ts";
import { addConstant, isExtern, type ObjectExterns } from "./externs.ts";
import { type ObjectFunction, type ObjectFunctions, SLOT } from "./functions.ts";
import { InstructionView } from "./instruction-view.ts";
import type { LegacyMaps } from "./legacy-maps.ts";
import type { PlacedMaps } from "./map-section.ts";
import { type ObjectSections, type RelocationSection, sectionError } from "./sections.ts";
import type { ExternSpec, MapSpec } from "./spec.ts";

/** A reference in an instruction. `slot` counts from the start of the function that contains the instruction. */
export type Reference =
  | { readonly kind: "map"; readonly slot: number; readonly map: string }
  | { readonly kind: "map_value"; readonly slot: number; readonly map: string; readonly offset: number }
  | { readonly kind: "extern"; readonly slot: number; readonly extern: ExternSpec; readonly call: boolean }
  /** A call of a function, or a load of a function's address. */
  | { readonly kind: "function"; readonly slot: number; readonly target: ObjectFunction; readonly call: boolean }
  | { readonly kind: "jump_table"; readonly slot: number; readonly start: number; readonly size: number };

/** Everything that a relocation can refer to. */
export interface Referents {
  readonly sections: ObjectSections;
  readonly symbols: ElfSymbols;
  readonly functions: ObjectFunctions;
  readonly externs: ObjectExterns;
  readonly maps: PlacedMaps;
  readonly legacyMaps: LegacyMaps;
  /** The maps of data sections, by section number. */
  readonly data: ReadonlyMap<number, MapSpec>;
  readonly arena: MapSpec | undefined;
}

/** The references of each function, by ascending slot. */
export type References = ReadonlyMap<ObjectFunction, readonly Reference[]>;

/** Reads the relocations of all instructions (libbpf's `bpf_object__collect_prog_relos`). Throws FormatError. */
export function readReferences(referents: Referents): References {
  const out = new Map<ObjectFunction, Reference[]>();
  const { sections } = referents;
  for (const relocation of sections.relocations) {
    if (sections.codeNumbers.has(relocation.target.index)) readSection(referents, relocation, out);
  }
  for (const list of out.values()) list.sort((a, b) => a.slot - b.slot);
  return out;
}

function readSection(
  referents: Referents,
  { section, target }: RelocationSection,
  out: Map<ObjectFunction, Reference[]>,
): void {
  const { elf } = referents.sections;
  const views = new Map<ObjectFunction, InstructionView>();
  elf.relocations(section).forEach(({ offset, symbol: number, addend }, i) => {
    const symbol = referents.symbols.at(number);
    const fail = (problem: string) =>
      sectionError(elf, target, `relocation ${i} against ${nameOf(referents, symbol)}: ${problem}`, offset);
    if (offset % SLOT !== 0 || offset >= target.size) throw fail("no instruction of the section begins at its offset");
    if (addend !== 0) throw fail(`it has an explicit addend (${addend}), which bpfts does not support`);
    const slot = offset / SLOT;
    const from = referents.functions.find(target.index, slot);
    // This code belongs to a weak function that a static linker has overridden. Skip its relocations.
    if (from === undefined) return;
    let view = views.get(from);
    if (view === undefined) {
      view = new InstructionView(from.code, elf.little);
      views.set(from, view);
    }
    const where = { from, view, slot: slot - from.start };
    const reference = classify(referents, where, symbol, (problem) => fail(`function ${from.name}: ${problem}`));
    const list = out.get(from);
    if (list === undefined) out.set(from, [reference]);
    else list.push(reference);
  });
}

interface Where {
  readonly view: InstructionView;
  readonly slot: number;
}

/** Reads one relocation (libbpf's `bpf_program__record_reloc`). */
function classify(
  referents: Referents,
  { view, slot }: Where,
  symbol: ElfSymbol,
  fail: (problem: string) => Error,
): Reference {
  const { sections, externs, functions } = referents;
  const call = view.isCall(slot);
  if (!call && !view.isLoad(slot)) {
    throw fail(
      `the relocated instruction has opcode 0x${view.opcode(slot).toString(16)}, but only a call or an ld_imm64 can be relocated`,
    );
  }
  const imm = view.imm(slot);
  const { section, value } = symbol;
  if (isExtern(symbol)) {
    const extern = externs.bySymbol.get(symbol.index) ?? (call ? undefined : addConstant(externs, symbol));
    if (extern === undefined)
      throw fail(
        `the program calls ${symbol.name}, but the object neither defines this function nor declares it __ksym`,
      );
    if (call && extern.source.kind !== "kfunc")
      throw fail(
        `the program calls ${symbol.name}, but this extern is ${withArticle(extern.source.kind)}, not a function`,
      );
    return { kind: "extern", slot, extern, call };
  }
  if (section === SectionIndex.SHN_UNDEF) throw fail("the object does not define this symbol");
  if (section >= SectionIndex.SHN_LORESERVE) {
    const place =
      section === SectionIndex.SHN_COMMON
        ? "this is a common symbol; give the variable an initial value, or compile with -fno-common"
        : `the symbol is in the special section 0x${section.toString(16)}`;
    throw fail(place);
  }
  const target = sections.elf.section(section, `symbol ${symbol.name}`);
  if (call || sections.codeNumbers.has(section)) {
    if (call && view.source(slot) !== 1) throw fail("the instruction does not call a function of the object");
    // For a static function, the symbol gives the section and the instruction gives an offset: in slots for a call, in
    // bytes for a load.
    const at = value / SLOT + (call ? imm + 1 : imm / SLOT);
    const found = functions.find(section, at);
    if (found === undefined || found.start !== at) {
      throw fail(`no function begins at instruction ${at} of section ${target.name}`);
    }
    return { kind: "function", slot, target: found, call };
  }
  const offset = (imm + value) >>> 0;
  if (target === sections.arena) {
    if (referents.arena === undefined)
      throw fail("the symbol is in the arena section, but the object has no arena map");
    return { kind: "map_value", slot, map: referents.arena.name, offset };
  }
  if (target === sections.jumpTables) return { kind: "jump_table", slot, start: value, size: symbol.size };
  const data = referents.data.get(section);
  if (data !== undefined) return { kind: "map_value", slot, map: data.name, offset };
  const legacy = referents.legacyMaps.get(section);
  if (target !== sections.maps && legacy === undefined) {
    throw fail(`section ${target.name} contains no maps, variables or functions`);
  }
  // If the symbol stands for the section, the offset in the instruction selects the map. Other symbols need no offset.
  const place = symbol.type === SymbolType.STT_SECTION ? value + imm : value;
  const map = legacy === undefined ? referents.maps.at(place) : legacy.get(place);
  if (map === undefined) throw fail(`there is no map at offset ${place} of section ${target.name}`);
  return { kind: "map", slot, map: map.name };
}

/**
 * Returns the name of a symbol for an error. The symbol of a section has no name, so this function returns the name of
 * the section instead.
 */
function nameOf({ sections }: Referents, symbol: ElfSymbol): string {
  if (symbol.name !== "") return symbol.name;
  return sections.elf.sections[symbol.section]?.name ?? `symbol ${symbol.index}`;
}
