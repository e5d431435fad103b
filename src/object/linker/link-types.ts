import { type Btf, BtfKind, dedupReferenced, type TypeCollector, type TypeId } from "../../btf/index.ts";
import type { GlobalSymbol, GlobalSymbols } from "./global-symbols.ts";
import { type InputObject, type InputSection, isNonStatic } from "./input-object.ts";
import { linkRecords, OutputRecords } from "./link-records.ts";
import type { OutputObject } from "./output-object.ts";

/**
 * Adds the types of a file, and the records that refer to them. If several files have the same symbol, the output has
 * one VAR or FUNC for it, with the type from the definition. DATASECs are left out: the output gets new ones.
 */
export function linkTypes(input: InputObject, types: TypeCollector, symbols: GlobalSymbols): void {
  const { btf, btfExt, source } = input;
  if (btf === undefined) return;
  const declared = new Map<GlobalSymbol, TypeId>();
  const ids = types.append(btf, (id, next) => {
    if (btf.kind(id) === BtfKind.DATASEC) return "omit";
    if (!isNonStatic(btf, id)) return "copy";
    const symbol = symbols.find(btf.name(id));
    // The output takes the license from the first file only. The license variables of later files have no symbol.
    if (symbol === undefined) return "omit";
    if (symbol.declared === undefined) {
      symbol.declared = { btf, id, source };
      btf.check(btf.target(id));
      declared.set(symbol, btf.target(id));
    }
    if (symbol.type !== 0) return symbol.type;
    symbol.type = next;
    return "copy";
  });
  for (const [symbol, target] of declared) types.setTarget(symbol.type, ids[target] as number);
  for (const section of input.sections) linkVariables(input, btf, section, ids, symbols);
  if (btfExt !== undefined) linkRecords(input, btf, btfExt, ids, types);
}

/** Adds the variables of a section's DATASEC. */
function linkVariables(
  input: InputObject,
  btf: Btf,
  section: InputSection,
  ids: Uint32Array,
  symbols: GlobalSymbols,
): void {
  const { output } = section;
  if (section.datasec === 0 || section.isSkipped || output === undefined) return;
  output.hasDatasec = true;
  for (const { type, offset, size } of input.variablesOf(section)) {
    const symbol = isNonStatic(btf, type) ? symbols.find(btf.name(type)) : undefined;
    if (symbol !== undefined && symbol.section !== output) {
      const place = symbol.section === undefined ? "no section" : `section ${symbol.section.name}`;
      throw input.error(`${symbol.name} is in section ${section.name} here, but in ${place} in ${symbol.source}`);
    }
    const id = ids[type] as number;
    if (symbol?.variable === undefined) {
      if (id === 0) throw btf.error(type, `is in the section ${section.name}, but has no symbol`);
      if (symbol !== undefined) symbol.variable = { section: output, index: output.variables.length };
      output.variables.push({ type: id, offset: section.offset + offset, size });
      continue;
    }
    // This file defines the variable, so its offset and size are known now. libbpf's linker differs: it keeps the
    // offset of the earlier extern or weak variable, and takes the size from the type, without the elements of a
    // flexible array.
    if (symbol.declared?.btf === btf && btf.kind(type) === BtfKind.VAR) {
      output.variables[symbol.variable.index] = { type: id, offset: section.offset + offset, size };
    }
  }
}

/** Adds `.BTF` and `.BTF.ext` to the output: each type once, then the DATASECs, and the records with the new ids. */
export function finishTypes(output: OutputObject, types: TypeCollector): void {
  if (types.endId === 1) return;
  for (const { name, size, variables, hasDatasec } of output.sections) {
    if (hasDatasec) types.addDatasec(name, size, variables);
  }
  const records = new OutputRecords(output, types);
  const { btf, typeIds } = dedupReferenced(types.finish("the linked BTF"));
  records.changeTypes((id) => typeIds[id] as number);
  output.addFinal(".BTF", btf.data);
  const btfExt = records.encode(output.little);
  if (btfExt !== undefined) output.addFinal(".BTF.ext", btfExt);
}
