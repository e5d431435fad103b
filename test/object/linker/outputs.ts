import { readFileSync } from "node:fs";
import { Btf, BtfKind } from "../../../src/btf/index.ts";
import { parseElf, SectionIndex } from "../../../src/elf/index.ts";
import { type LinkedFile, linkObjects } from "../../../src/object/index.ts";

/** An object of test/bpf by its name without `.bpf.o`. */
export function part(name: string): LinkedFile {
  const source = `${name}.bpf.o`;
  return { source, data: new Uint8Array(readFileSync(`test/bpf/${source}`)) };
}

export function linked(...names: readonly string[]): Uint8Array {
  return linkObjects(names.map(part));
}

/**
 * Returns a linked file without the two facts that libbpf's linker gets wrong where a file declares what a later file
 * defines: the places of variables in DATASECs, and the section of an extern map that nothing defines.
 */
export function withoutPlaces(data: Uint8Array): Uint8Array {
  const out = data.slice();
  const elf = parseElf(data, "linked");
  const view = new DataView(out.buffer);
  const section = elf.sections.find(({ name }) => name === ".BTF");
  const symbols = elf.sections.find(({ name }) => name === ".symtab");
  if (section === undefined || symbols === undefined) return out;
  const btf = Btf.parse(elf.contents(section), { source: "linked" });
  for (const id of btf.idsOf(BtfKind.DATASEC)) {
    const first = section.offset + btf.header.typeStart + 4 * (btf.wordIndex(id) + 3);
    for (let i = 0; i < btf.vlen(id); i++) {
      view.setUint32(first + 12 * i + 4, 0);
      view.setUint32(first + 12 * i + 8, 0);
    }
  }
  for (const { index, type, section } of elf.symbols ?? []) {
    if (type !== 0 || section >= SectionIndex.SHN_LORESERVE) continue;
    view.setUint16(symbols.offset + 24 * index + 6, 0);
    view.setBigUint64(symbols.offset + 24 * index + 8, 0n);
  }
  return out;
}
