import { type ElfSymbol, SymbolBinding, SymbolType, SymbolVisibility } from "../elf/index.ts";
import { type ObjectSections, sectionError } from "./sections.ts";

/** The size of an instruction slot in bytes. Positions of instructions are numbers of slots. */
export const SLOT = 8;

/** A function as it is in the file, before the linker appends subprograms to it. */
export interface ObjectFunction {
  readonly name: string;
  /** The number and the name of the function's section. */
  readonly section: number;
  readonly sectionName: string;
  /** The slot of the first instruction, counted from the section's start. */
  readonly start: number;
  /** The number of slots of the function. */
  readonly count: number;
  /** The bytes of the function, as a view of the file. */
  readonly code: Uint8Array;
  /** True if the function may be a program: it is global and in no text section. */
  readonly entry: boolean;
  readonly global: boolean;
  /** True if the function is global with hidden visibility. The verifier must treat it as static. */
  readonly hidden: boolean;
  /** Other names for the same instructions. */
  readonly aliases: string[];
}

/** All functions of an object. */
export class ObjectFunctions {
  /** The functions in libbpf's order: by section number, then by offset. */
  readonly all: readonly ObjectFunction[];
  readonly #bySection: ReadonlyMap<number, readonly ObjectFunction[]>;

  constructor(all: readonly ObjectFunction[]) {
    this.all = all;
    const bySection = new Map<number, ObjectFunction[]>();
    for (const each of all) {
      const list = bySection.get(each.section);
      if (list === undefined) bySection.set(each.section, [each]);
      else list.push(each);
    }
    this.#bySection = bySection;
  }

  /** Returns the function at a slot of a section; undefined for the code of an overridden weak function. */
  find(section: number, slot: number): ObjectFunction | undefined {
    const list = this.#bySection.get(section);
    if (list === undefined) return undefined;
    let low = 0;
    let high = list.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((list[middle] as ObjectFunction).start <= slot) low = middle;
      else high = middle - 1;
    }
    const found = list[low] as ObjectFunction;
    return slot >= found.start && slot < found.start + found.count ? found : undefined;
  }
}

/** Collects the functions from the symbols (libbpf's `bpf_object__add_programs`). Throws FormatError. */
export function readFunctions(sections: ObjectSections, symbols: Iterable<ElfSymbol>): ObjectFunctions {
  const { elf } = sections;
  const code = new Map(sections.code.map((section) => [section.index, { section, bytes: elf.contents(section) }]));
  const all: ObjectFunction[] = [];
  for (const symbol of symbols) {
    const place = symbol.type === SymbolType.STT_FUNC ? code.get(symbol.section) : undefined;
    if (place === undefined) continue;
    const { name, value, size } = symbol;
    const fail = (problem: string) => sectionError(elf, place.section, `function ${name} ${problem}`, value);
    if (value % SLOT !== 0 || size % SLOT !== 0)
      throw fail(`of ${size} bytes begins or ends in the middle of an instruction`);
    if (size === 0) throw fail("has no size; in assembly, set its size with the directive .size");
    if (value + size > place.bytes.length) {
      throw fail(`of ${size} bytes ends past the end of the section, which has ${place.bytes.length} bytes`);
    }
    const global = symbol.binding !== SymbolBinding.STB_LOCAL;
    all.push({
      name,
      section: symbol.section,
      sectionName: place.section.name,
      start: value / SLOT,
      count: size / SLOT,
      code: place.bytes.subarray(value, value + size),
      entry: global && !isTextSection(place.section.name),
      global,
      hidden: global && isHidden(symbol),
      aliases: [],
    });
  }
  // If several symbols name the same function, the global ones come first. The sort is stable, so they keep their order
  // otherwise.
  all.sort((a, b) => a.section - b.section || a.start - b.start || Number(b.global) - Number(a.global));
  return new ObjectFunctions(mergeAliases(sections, all));
}

/**
 * True for the sections `.text` and `.text.NAME` (made by -ffunction-sections). All their functions are subprograms.
 */
export function isTextSection(name: string): boolean {
  return name === ".text" || name.startsWith(".text.");
}

/** Returns true if other objects cannot see the symbol. */
export function isHidden(symbol: ElfSymbol): boolean {
  return symbol.visibility === SymbolVisibility.STV_HIDDEN || symbol.visibility === SymbolVisibility.STV_INTERNAL;
}

/**
 * Merges functions that consist of the same instructions of the file. Throws FormatError if functions overlap only
 * partly.
 */
function mergeAliases({ elf }: ObjectSections, all: readonly ObjectFunction[]): ObjectFunction[] {
  const out: ObjectFunction[] = [];
  for (const each of all) {
    const last = out.at(-1);
    if (last === undefined || last.section !== each.section || last.start + last.count <= each.start) {
      out.push(each);
    } else if (last.start === each.start && last.count === each.count) {
      last.aliases.push(each.name);
    } else {
      const section = elf.section(each.section, each.name);
      throw sectionError(elf, section, `functions ${last.name} and ${each.name} overlap`, each.start * SLOT);
    }
  }
  return out;
}
