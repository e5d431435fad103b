import { readFileSync } from "node:fs";
import { Btf, type CoreRelocation, parseBtfExt } from "../../../src/btf/index.ts";
import { parseElf } from "../../../src/elf/index.ts";

/** A compiled object's types, and its CO-RE relocations in the order of the file. */
export interface CoreObject {
  readonly btf: Btf;
  readonly relocations: readonly { readonly relocation: CoreRelocation; readonly instructions: Uint8Array }[];
}

/** Reads `test/bpf/<name>.bpf.o`. The instructions are one copy per section. */
export function readCoreObject(name: string): CoreObject {
  const elf = parseElf(readFileSync(`test/bpf/${name}.bpf.o`), name);
  const contents = (wanted: string): Uint8Array | undefined => {
    const section = elf.sections.find((each) => each.name === wanted);
    return section && elf.contents(section);
  };
  const btf = Btf.parse(contents(".BTF") ?? new Uint8Array(), { source: name });
  const ext = contents(".BTF.ext");
  if (ext === undefined) return { btf, relocations: [] };
  const relocations = parseBtfExt(ext).coreRelocations.flatMap((records) => {
    // Not slice(): that of a Buffer is a view.
    const instructions = new Uint8Array(contents(btf.string(records.nameOffset)) ?? []);
    return Array.from({ length: records.count }, (_, i) => ({
      relocation: records.coreRelocation(i, btf),
      instructions,
    }));
  });
  return { btf, relocations };
}
