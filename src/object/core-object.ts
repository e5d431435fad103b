import { Btf, type CoreObject, type CoreRelocation, parseBtfExt } from "../btf/index.ts";
import { parseElf } from "../elf/index.ts";
import { FormatError } from "../errors/index.ts";

/**
 * Reads the types and all CO-RE relocations of an object file, for `minimiseBtf`. Throws FormatError if the file has no
 * section `.BTF` or no section `.BTF.ext`.
 *
 * @param source the file's name, for errors
 */
export function readCoreObject(data: Uint8Array, source = "object"): CoreObject {
  const elf = parseElf(data, source);
  const section = (wanted: string) => {
    const found = elf.sections.find(({ name }) => name === wanted);
    if (found !== undefined) return { bytes: elf.contents(found), source: elf.sourceOf(found) };
    throw new FormatError({ source }, `the file has no section ${wanted}: compile it with -g`);
  };
  const types = section(".BTF");
  const btf = Btf.parse(types.bytes, { source: types.source });
  const ext = section(".BTF.ext");
  const { coreRelocations } = parseBtfExt(ext.bytes, { source: ext.source });
  const relocations: CoreRelocation[] = [];
  for (const records of coreRelocations) {
    for (let i = 0; i < records.count; i++) relocations.push(records.coreRelocation(i, btf));
  }
  return { btf, relocations };
}
