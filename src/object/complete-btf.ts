import { Btf, BtfEdit, BtfKind, type BtfSecInfo, type TypeId } from "../btf/index.ts";
import { type ElfSymbol, SymbolBinding, SymbolType } from "../elf/index.ts";
import { FormatError } from "../errors/index.ts";
import { withArticle } from "../layout/index.ts";
import type { ObjectExterns } from "./externs.ts";
import { isHidden, type ObjectFunctions } from "./functions.ts";
import { sectionKind } from "./section-kinds.ts";
import type { ObjectSections } from "./sections.ts";

/**
 * The most bytes that the values of all __kconfig externs may take together. One string of the kernel's configuration
 * has a few hundred bytes.
 */
const MOST_KCONFIG = 1024 * 1024;
/** The size in bytes of each variable of `.ksyms` in the completed BTF. */
const KSYM_SIZE = 4;

/**
 * Completes the BTF that the compiler wrote, so that the kernel accepts it. Sets offsets and sizes of data sections,
 * makes hidden variables and functions static, and turns externs into variables of their section. Type ids do not
 * change. See libbpf's `bpf_object_fixup_btf` and `bpf_object__collect_externs`.
 */
export function completeBtf(
  btf: Btf,
  sections: ObjectSections,
  symbols: readonly ElfSymbol[],
  functions: ObjectFunctions,
  externs: ObjectExterns,
): Btf {
  const edit = new BtfEdit(btf);
  const variables = new Map<string, ElfSymbol>();
  for (const symbol of symbols) {
    const { type, binding, name } = symbol;
    const global = binding === SymbolBinding.STB_GLOBAL || binding === SymbolBinding.STB_WEAK;
    if (type === SymbolType.STT_OBJECT && global && !variables.has(name)) variables.set(name, symbol);
  }
  const sizes = new Map<string, number>();
  for (const { name, size } of sections.elf.sections) if (!sizes.has(name)) sizes.set(name, size);
  for (const id of btf.idsOf(BtfKind.DATASEC)) {
    const name = btf.name(id);
    if (name === ".ksyms") completeKsyms(edit, id);
    else if (name === ".kconfig") completeKconfig(edit, id, externs);
    else completeSection(edit, id, sizes.get(name) ?? 0, variables);
  }
  hideFunctions(edit, functions);
  return Btf.parse(edit.encode(), { source: btf.source });
}

function variablesOf(btf: Btf, id: TypeId): readonly BtfSecInfo[] {
  const type = btf.type(id);
  return type.kind === "datasec" ? type.variables : [];
}

function completeSection(
  edit: BtfEdit,
  id: TypeId,
  sectionSize: number,
  symbols: ReadonlyMap<string, ElfSymbol>,
): void {
  const { btf } = edit;
  const name = btf.name(id);
  let size = btf.sizeField(id);
  // For a section's size and for the offsets of variables that are not static, Clang writes 0. Static linkers write the
  // true values.
  const fromSymbols = size === 0;
  if (fromSymbols) {
    size = sectionSize;
    if (size === 0 || size > 0xffffffff)
      throw btf.error(id, `(DATASEC ${name}) describes an ELF section that is missing or empty`);
  }
  const variables = variablesOf(btf, id).map((info) => {
    const type = btf.type(info.type);
    if (type.kind !== "var")
      throw btf.error(
        id,
        `(DATASEC ${name}) contains type ${info.type}, which is ${withArticle(type.kind)}, not a variable`,
      );
    if (type.linkage !== "global") return info;
    const symbol = symbols.get(type.name);
    if (symbol === undefined) throw btf.error(info.type, `(variable ${type.name} of ${name}) has no ELF symbol`);
    if (isHidden(symbol)) edit.setLinkage(info.type, "static");
    if (!fromSymbols) return info;
    if (symbol.value > size) throw btf.error(info.type, `(variable ${type.name}) begins past the end of ${name}`);
    return { ...info, offset: symbol.value };
  });
  variables.sort((a, b) => a.offset - b.offset);
  edit.setDatasec(id, size, variables);
}

/**
 * Turns each variable of `.ksyms` into an int, and replaces each function by a dummy variable. The kernel refuses
 * externs.
 */
function completeKsyms(edit: BtfEdit, id: TypeId): void {
  const { btf } = edit;
  const int = findInt(btf);
  let standIn: TypeId | undefined;
  const variables = variablesOf(btf, id).map((info, i): BtfSecInfo => {
    const place = { offset: i * KSYM_SIZE, size: KSYM_SIZE };
    const type = btf.type(info.type);
    if (type.kind === "func") {
      standIn ??= edit.append({ kind: "var", name: "dummy_ksym", type: int, linkage: "global" });
      edit.setLinkage(info.type, "global");
      nameParameters(edit, type.type);
      return { ...place, type: standIn };
    }
    if (type.kind !== "var")
      throw btf.error(
        id,
        `(DATASEC .ksyms) contains type ${info.type}, which is ${withArticle(type.kind)}, not a function or a variable`,
      );
    edit.setLinkage(info.type, "global");
    edit.setTarget(info.type, int);
    return { ...place, type: info.type };
  });
  edit.setDatasec(id, variables.length * KSYM_SIZE, variables);
}

/** Gives names to the parameters of a prototype. The kernel requires names once the function is no longer extern. */
function nameParameters(edit: BtfEdit, id: TypeId): void {
  const type = edit.btf.type(id);
  if (type.kind !== "func_proto") return;
  type.params.forEach((param, i) => {
    if (param.type !== 0 && param.name === "") edit.setExtra(id, 2 * i, edit.addString("dummy_ksym"));
  });
}

function completeKconfig(edit: BtfEdit, id: TypeId, externs: ObjectExterns): void {
  const { btf } = edit;
  const offsets = new Map<string, number>();
  for (const { name, source } of externs.all) if (source.kind === "kconfig") offsets.set(name, source.offset);
  const variables = variablesOf(btf, id).map((info) => {
    const name = btf.name(info.type);
    const offset = offsets.get(name);
    if (offset === undefined) throw btf.error(info.type, `(variable ${name} of .kconfig) has no ELF symbol`);
    edit.setLinkage(info.type, "global");
    return { ...info, offset };
  });
  variables.sort((a, b) => a.offset - b.offset);
  if (externs.kconfigSize > MOST_KCONFIG) {
    throw new FormatError(
      { source: btf.source },
      `the __kconfig externs need ${externs.kconfigSize} bytes, but at most ${MOST_KCONFIG} are allowed`,
    );
  }
  edit.setDatasec(id, externs.kconfigSize, variables);
}

/** Returns the first 32-bit int; 0 if there is none. */
function findInt(btf: Btf): TypeId {
  for (const id of btf.idsOf(BtfKind.INT)) {
    const type = btf.type(id);
    if (type.kind === "int" && type.bits === 32) return id;
  }
  return 0;
}

/** Makes hidden subprograms static in the BTF, so that the kernel verifies them together with their callers. */
function hideFunctions(edit: BtfEdit, functions: ObjectFunctions): void {
  const { btf } = edit;
  for (const { name, sectionName, hidden } of functions.all) {
    if (!hidden || sectionKind(sectionName) !== undefined) continue;
    const id = btf.findAll(name).find((each) => {
      const type = btf.kind(each) === BtfKind.FUNC ? btf.type(each) : undefined;
      return type?.kind === "func" && type.linkage === "global";
    });
    if (id !== undefined) edit.setLinkage(id, "static");
  }
}
