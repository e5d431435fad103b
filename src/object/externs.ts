import { type Btf, BtfKind, type TypeId } from "../btf/index.ts";
import { type ElfSymbol, SectionIndex, SymbolBinding, SymbolType } from "../elf/index.ts";
import { FormatError } from "../errors/index.ts";
import type { ExternSpec } from "./spec.ts";

/** The externs of an object. */
export interface ObjectExterns {
  /** All externs, in libbpf's order. */
  readonly all: ExternSpec[];
  /** The extern of each symbol, by the symbol's number. */
  readonly bySymbol: Map<number, ExternSpec>;
  /** The size in bytes of the value of the map `.kconfig`; 0 without kconfig externs. */
  readonly kconfigSize: number;
}

type KconfigType = Extract<ExternSpec["source"], { kind: "kconfig" }>["type"];

/** Returns true for an extern: a symbol that has no section and the type NOTYPE (libbpf's `sym_is_extern`). */
export function isExtern(symbol: ElfSymbol): boolean {
  const { section, binding, type } = symbol;
  const global = binding === SymbolBinding.STB_GLOBAL || binding === SymbolBinding.STB_WEAK;
  return section === SectionIndex.SHN_UNDEF && global && type === SymbolType.STT_NOTYPE;
}

/**
 * Collects the externs that have a BTF type (libbpf's `bpf_object__collect_externs`). Inline assembly makes externs
 * without a BTF type; for those see {@link addConstant}.
 */
export function readExterns(symbols: Iterable<ElfSymbol>, btf: Btf | undefined, source: string): ObjectExterns {
  const bySymbol = new Map<number, ExternSpec>();
  const externs: Extern[] = [];
  if (btf !== undefined) {
    let sectionOf: ReadonlyMap<TypeId, TypeId> | undefined;
    for (const symbol of symbols) {
      if (!isExtern(symbol) || symbol.name === "") continue;
      sectionOf ??= variableSections(btf);
      const extern = readExtern(symbol, btf, sectionOf, source);
      if (extern !== undefined) externs.push(extern);
    }
  }
  externs.sort(compareExterns);
  const all: ExternSpec[] = [];
  let end = 0;
  for (const { name, weak, symbol, source: from, align } of externs) {
    if (from.kind === "kconfig") {
      from.offset = Math.ceil(end / align) * align;
      end = from.offset + from.size;
    }
    const spec: ExternSpec = { name, weak, source: from };
    all.push(spec);
    bySymbol.set(symbol, spec);
  }
  return { all, bySymbol, kconfigSize: end };
}

/** Makes a constant from an undefined symbol without a BTF type. An instruction loads the value of this constant. */
export function addConstant(externs: ObjectExterns, symbol: ElfSymbol): ExternSpec {
  const weak = symbol.binding === SymbolBinding.STB_WEAK;
  const spec: ExternSpec = { name: symbol.name, weak, source: { kind: "constant", value: undefined } };
  externs.all.push(spec);
  externs.bySymbol.set(symbol.index, spec);
  return spec;
}

type Source = ExternSpec["source"];
type Writable<T> = { -readonly [K in keyof T]: T[K] };
interface Extern {
  readonly name: string;
  readonly weak: boolean;
  readonly symbol: number;
  readonly align: number;
  readonly source: Writable<Extract<Source, { kind: "kconfig" }>> | Exclude<Source, { kind: "kconfig" }>;
}

function readExtern(
  symbol: ElfSymbol,
  btf: Btf,
  sectionOf: ReadonlyMap<TypeId, TypeId>,
  source: string,
): Extern | undefined {
  const fail = (problem: string) => new FormatError({ source }, `extern ${symbol.name} ${problem}`);
  const id = btf.findAll(symbol.name).find((each) => {
    const kind = btf.kind(each);
    return kind === BtfKind.VAR || kind === BtfKind.FUNC;
  });
  if (id === undefined) return undefined;
  const type = btf.type(id);
  if (type.kind !== "var" && type.kind !== "func") return undefined;
  if (type.linkage !== "extern")
    throw fail(`has no definition, but its BTF type ${id} is a ${type.linkage} ${type.kind}, not an extern`);
  const common = { name: symbol.name, weak: symbol.binding === SymbolBinding.STB_WEAK, symbol: symbol.index };
  const section = sectionOf.get(id);
  const sectionName = section === undefined ? "" : btf.name(section);
  if (sectionName === ".ksyms") {
    const typeId = btf.resolve(type.type);
    return { ...common, align: 1, source: { kind: type.kind === "func" ? "kfunc" : "ksym", typeId } };
  }
  if (sectionName !== ".kconfig") {
    const where = sectionName === "" ? "in no section" : `in section ${sectionName}`;
    throw fail(`is ${where}: declare it __ksym or __kconfig, or link the object that defines it (bpfts gen object)`);
  }
  if (type.kind === "func") throw fail("is a function, which cannot be in section .kconfig");
  const size = btf.sizeOf(type.type);
  const found = kconfigType(btf, type.type);
  if (found === undefined || size === 0) {
    throw fail("in .kconfig must have the type bool, char, char[], an integer type or enum libbpf_tristate");
  }
  return {
    ...common,
    align: btf.alignOf(type.type),
    source: { kind: "kconfig", offset: 0, size, typeId: type.type, ...found },
  };
}

/**
 * Returns the kind of kconfig value that a BTF type stands for. Returns undefined if no kconfig value can have this
 * type (libbpf's `find_kcfg_type`).
 */
function kconfigType(btf: Btf, id: TypeId): { type: KconfigType; signed: boolean } | undefined {
  const type = btf.type(btf.resolve(id));
  switch (type.kind) {
    case "int":
      if (type.bool) return type.size === 1 ? { type: "bool", signed: false } : undefined;
      if (type.size === 1) return { type: "char", signed: type.signed };
      return [2, 4, 8].includes(type.size) ? { type: "int", signed: type.signed } : undefined;
    case "enum":
    case "enum64":
      if (type.name !== "libbpf_tristate" || (type.kind === "enum" && type.size !== 4)) return undefined;
      return { type: "tristate", signed: false };
    case "array": {
      const element = btf.type(btf.resolve(type.type));
      const isChar = element.kind === "int" && !element.bool && element.size === 1;
      return type.length > 0 && isChar ? { type: "char_array", signed: false } : undefined;
    }
    default:
      return undefined;
  }
}

/** Maps the id of each variable and function to the first DATASEC that contains it. */
function variableSections(btf: Btf): ReadonlyMap<TypeId, TypeId> {
  const out = new Map<TypeId, TypeId>();
  for (const id of btf.idsOf(BtfKind.DATASEC)) {
    const type = btf.type(id);
    if (type.kind !== "datasec") continue;
    for (const { type: variable } of type.variables) if (!out.has(variable)) out.set(variable, id);
  }
  return out;
}

/**
 * Orders kconfig externs by descending alignment, size and name. The other externs follow, by name (libbpf's
 * `cmp_externs`).
 */
function compareExterns(a: Extern, b: Extern): number {
  const kconfigFirst = Number(b.source.kind === "kconfig") - Number(a.source.kind === "kconfig");
  if (kconfigFirst !== 0) return kconfigFirst;
  if (a.source.kind === "kconfig" && b.source.kind === "kconfig") {
    const order = b.align - a.align || a.source.size - b.source.size;
    if (order !== 0) return order;
  }
  return a.name < b.name ? -1 : Number(a.name > b.name);
}
