import { Btf } from "../btf/index.ts";
import type { ElfSymbols } from "../elf/index.ts";
import { FormatError } from "../errors/index.ts";
import { BpfProgType } from "../uapi/index.ts";
import { completeBtf } from "./complete-btf.ts";
import { kconfigMap, readDataSections, readVariables } from "./data-sections.ts";
import { readExceptionCallbacks } from "./exception-callbacks.ts";
import { readExterns } from "./externs.ts";
import { readFunctionInfos } from "./function-info.ts";
import { type ObjectFunction, readFunctions } from "./functions.ts";
import { readLegacyMaps } from "./legacy-maps.ts";
import { Linker } from "./link-subprograms.ts";
import { readMapSection, readMapSlots } from "./map-section.ts";
import { MapNames } from "./new-map.ts";
import { readReferences } from "./references.ts";
import { loadFlagsOf, parseSectionName, sectionKind } from "./section-kinds.ts";
import { type ObjectSections, readSections } from "./sections.ts";
import { type ExternSpec, type LineSpec, type MapSpec, ObjectSpec, type ProgramSpec } from "./spec.ts";
import { readCallbacks, readStructOps } from "./struct-ops.ts";

export interface ParseObjectOptions {
  /** The object's name. The kernel's names for most maps of data sections begin with it. Default: from `source`. */
  readonly name?: string | undefined;
  /** The file's name, such as `counter.bpf.o`. It is used in errors and as the default of `name`. */
  readonly source?: string | undefined;
  /** Accepts sections named `maps`, which libbpf 1.0 and newer refuse. */
  readonly legacyMaps?: boolean | undefined;
  /**
   * Ignores unknown members of map definitions, such as the extensions of a vendor. By default an object with such
   * members is refused.
   */
  readonly ignoreUnknownMapFields?: boolean | undefined;
}

/**
 * Reads a BPF object file of either byte order, as compilers and static linkers write it. The running kernel does not
 * change the result. Throws FormatError if the file is malformed.
 */
export function parseObject(data: Uint8Array, options: ParseObjectOptions = {}): ObjectSpec {
  const { source = "object", legacyMaps: legacyAllowed = false, ignoreUnknownMapFields = false } = options;
  const name = options.name ?? objectName(source);
  const sections = readSections(data, source);
  const { elf } = sections;
  const table = elf.symbols as ElfSymbols;
  const symbols = [...table];
  const functions = readFunctions(sections, symbols);
  const original = readBtf(sections);
  const externs = readExterns(symbols, original, source);
  const btf = original && completeBtf(original, sections, symbols, functions, externs);

  const names = new MapNames();
  const placed = readMapSection(sections, btf, names, ignoreUnknownMapFields);
  const arena = Object.values(names.all).find((map) => map.source === "arena");
  const legacyMaps = readLegacyMaps({
    sections,
    symbols,
    btf,
    names,
    isAllowed: legacyAllowed,
    ignoreUnknown: ignoreUnknownMapFields,
  });
  const dataMaps = readDataSections(sections, btf, name, names);
  const kconfig = kconfigMap(externs.kconfigSize, btf, name);
  if (kconfig !== undefined) names.add(kconfig, (problem) => new FormatError({ source }, problem));
  const structs = readStructOps(sections, btf, names);
  for (const relocation of sections.relocations) {
    if (btf === undefined) break;
    const { target } = relocation;
    const placedStructs = structs.get(target.index);
    if (target === sections.maps) readMapSlots(sections, relocation, table, btf, placed, names, functions);
    else if (placedStructs !== undefined) readCallbacks(sections, relocation, table, btf, placedStructs, functions);
  }

  const references = readReferences({
    sections,
    symbols: table,
    functions,
    externs,
    maps: placed,
    legacyMaps,
    data: dataMaps,
    arena,
  });
  const linker = new Linker({
    elf,
    functions,
    references,
    infos: readFunctionInfos(sections, btf, functions),
    exceptionCallbacks: readExceptionCallbacks(btf, functions, source),
    jumpTables: sections.jumpTables,
  });
  return new ObjectSpec({
    name,
    byteOrder: elf.little ? "little" : "big",
    license: sections.license,
    kernelVersion: sections.kernelVersion,
    programs: readPrograms(functions.all, linker, programsInMaps(Object.values(names.all)), source),
    maps: names.all,
    variables: readVariables(sections, symbols, btf, dataMaps, arena),
    externs: byName(externs.all),
    btf,
    functionCount: functions.all.reduce((sum, { aliases }) => sum + 1 + aliases.length, 0),
  });
}

function readBtf({ elf, btf }: ObjectSections): Btf | undefined {
  return btf && Btf.parse(elf.contents(btf), { source: elf.sourceOf(btf) });
}

/** Returns the file's name without its directory, up to the first dot (libbpf's `bpf_object__new`). */
function objectName(source: string): string {
  const file = source.slice(source.lastIndexOf("/") + 1);
  const dot = file.indexOf(".");
  return dot < 0 ? file : file.slice(0, dot);
}

/** Returns the names of the programs that maps refer to: in the slots of prog arrays, and as callbacks of structs. */
function programsInMaps(maps: readonly MapSpec[]): ReadonlySet<string> {
  const slots = maps.flatMap((map) => map.slots.map(({ target }) => target));
  const callbacks = maps.flatMap((map) => map.structOps?.callbacks.map(({ program }) => program) ?? []);
  return new Set([...slots, ...callbacks]);
}

function readPrograms(
  functions: readonly ObjectFunction[],
  linker: Linker,
  inMaps: ReadonlySet<string>,
  source: string,
): Record<string, ProgramSpec> {
  const out: Record<string, ProgramSpec> = Object.create(null);
  // A function is a subprogram if another function calls it and no program type has its section name. libbpf refuses
  // such a call, because libbpf accepts only functions in .text as subprograms.
  const untyped = functions.filter(({ entry, sectionName }) => entry && sectionKind(sectionName) === undefined);
  const called = untyped.length === 0 ? new Set() : linker.calledFunctions();
  const subprograms = new Set(untyped.filter((each) => called.has(each) && !inMaps.has(each.name)));
  for (const each of functions) {
    if (!each.entry || subprograms.has(each)) continue;
    for (const name of [each.name, ...each.aliases]) {
      if (out[name] !== undefined) throw new FormatError({ source }, `two programs have the name ${name}`);
      out[name] = readProgram(each, name, linker);
    }
  }
  return out;
}

function readProgram(from: ObjectFunction, name: string, linker: Linker): ProgramSpec {
  const { kind, attachTo, autoload } = parseSectionName(from.sectionName);
  const { lines: makeLines, ...linked } = linker.link(from, name);
  let lines: LineSpec[] | undefined;
  return {
    name,
    sectionName: from.sectionName,
    type: kind?.type ?? BpfProgType.BPF_PROG_TYPE_UNSPEC,
    attachType: kind?.attachType,
    flags: kind === undefined ? 0 : loadFlagsOf(kind),
    attachTo,
    autoload,
    autoattach: kind?.autoAttach !== undefined && attachTo !== "",
    ifindex: 0,
    ...linked,
    get lines() {
      lines ??= makeLines();
      return lines;
    },
    set lines(value) {
      lines = value;
    },
  };
}

function byName(externs: readonly ExternSpec[]): Record<string, ExternSpec> {
  const out: Record<string, ExternSpec> = Object.create(null);
  for (const extern of externs) out[extern.name] = extern;
  return out;
}
