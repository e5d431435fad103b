import { type Bytes, StringSection } from "../layout/index.ts";
import { SectionType } from "./constants.ts";
import type { ElfFile } from "./elf-file.ts";

const VERSYM_VERSION = 0x7fff;

/**
 * Returns a function that maps the number of a dynamic symbol to its version name; undefined for a symbol without one.
 */
export function readSymbolVersions(elf: ElfFile): (symbol: number) => string | undefined {
  const numbers = elf.sections.find(({ type }) => type === SectionType.SHT_GNU_versym);
  const definitions = elf.sections.find(({ type }) => type === SectionType.SHT_GNU_verdef);
  if (numbers === undefined || definitions === undefined) return () => undefined;
  const strings = elf.section(definitions.link, `section ${definitions.name}`);
  const names = readDefinitions(
    elf.bytes(definitions),
    new StringSection(elf.contents(strings), elf.sourceOf(strings)),
    definitions.info,
  );
  const table = elf.bytes(numbers);
  return (symbol) => {
    if (2 * symbol + 2 > table.length) return undefined;
    return names.get(table.u16(2 * symbol) & VERSYM_VERSION);
  };
}

/**
 * Reads `Elf_Verdef` records, each with its first `Elf_Verdaux`. Both structs have the same layout in 32- and 64-bit
 * files.
 */
function readDefinitions(bytes: Bytes, strings: StringSection, count: number): Map<number, string> {
  const names = new Map<number, string>();
  for (let at = 0, i = 0; i < count; i++) {
    bytes.check(at, 20, "a version definition");
    const number = bytes.u16(at + 4) & VERSYM_VERSION;
    const first = at + bytes.u32(at + 12);
    names.set(number, strings.at(bytes.u32(first, "a version's name"), "a version's name"));
    const next = bytes.u32(at + 16);
    if (next === 0) break;
    at += next;
  }
  return names;
}
