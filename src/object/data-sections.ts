import { type Btf, BtfKind } from "../btf/index.ts";
import { type ElfSymbol, SymbolBinding, SymbolType } from "../elf/index.ts";
import { BpfMapFlag, BpfMapType } from "../uapi/index.ts";
import { isHidden } from "./functions.ts";
import type { MapNames } from "./new-map.ts";
import { newMap, newZeroedMap, sectionMapName } from "./new-map.ts";
import { type DataSection, type ObjectSections, sectionError } from "./sections.ts";
import type { MapSpec } from "./spec.ts";
import { VariableSpec } from "./variable.ts";

/** The kernel's limit for the size of a value in an array map (array_map_alloc_check, kernel/bpf/arraymap.c). */
const MAX_VALUE_SIZE = 0x7fffffff;

/** Makes the maps for `.data*`, `.rodata*`, `.bss*` and `.percpu*`. Returns the maps by section number. */
export function readDataSections(
  sections: ObjectSections,
  btf: Btf | undefined,
  objectName: string,
  names: MapNames,
): ReadonlyMap<number, MapSpec> {
  const maps = new Map<number, MapSpec>();
  for (const data of sections.data) {
    const map = readDataSection(sections, data, btf, objectName);
    names.add(map, (problem) => sectionError(sections.elf, data.section, problem));
    maps.set(data.section.index, map);
  }
  return maps;
}

function readDataSection(
  { elf }: ObjectSections,
  { section, kind }: DataSection,
  btf: Btf | undefined,
  objectName: string,
): MapSpec {
  if (section.size > MAX_VALUE_SIZE) {
    throw sectionError(
      elf,
      section,
      `the section has ${section.size} bytes, but the value of a map can have at most ${MAX_VALUE_SIZE}`,
    );
  }
  const constant = kind === "rodata";
  const init = sectionMap("data", objectName, section.name, section.size, constant, btf);
  if (kind === "percpu") {
    const perCpu = { type: BpfMapType.BPF_MAP_TYPE_PERCPU_ARRAY, flags: 0 };
    return newMap({ ...init, ...perCpu, contents: elf.contents(section).slice() });
  }
  if (kind === "bss") return newZeroedMap(init, section.size);
  return newMap({ ...init, contents: elf.contents(section).slice() });
}

/** Makes the map of the kconfig externs; undefined if there are none. The load fills this map. */
export function kconfigMap(size: number, btf: Btf | undefined, objectName: string): MapSpec | undefined {
  if (size === 0) return undefined;
  return newZeroedMap(sectionMap("kconfig", objectName, ".kconfig", size, true, btf), size);
}

function sectionMap(
  source: "data" | "kconfig",
  objectName: string,
  name: string,
  valueSize: number,
  constant: boolean,
  btf: Btf | undefined,
) {
  const valueTypeId = btf?.find(name) ?? 0;
  const readOnly = constant ? BpfMapFlag.BPF_F_RDONLY_PROG : 0;
  const mapped = btf !== undefined && hasOpenVariable(btf, valueTypeId) ? BpfMapFlag.BPF_F_MMAPABLE : 0;
  return {
    name,
    kernelName: sectionMapName(objectName, name),
    source,
    type: BpfMapType.BPF_MAP_TYPE_ARRAY,
    keySize: 4,
    valueSize,
    maxEntries: 1,
    flags: readOnly | mapped,
    valueTypeId,
    frozen: constant,
  };
}

/** Returns true if user space can see at least one variable of the section: one that is neither static nor hidden. */
function hasOpenVariable(btf: Btf, datasec: number): boolean {
  const type = btf.type(datasec);
  if (type.kind !== "datasec") return false;
  return type.variables.some((info) => {
    const variable = btf.type(info.type);
    return variable.kind === "var" && variable.linkage !== "static";
  });
}

/** Reads the variables of the data sections and the arena from the BTF, or from the symbols if there is no BTF. */
export function readVariables(
  sections: ObjectSections,
  symbols: readonly ElfSymbol[],
  btf: Btf | undefined,
  maps: ReadonlyMap<number, MapSpec>,
  arena: MapSpec | undefined,
): Record<string, VariableSpec> {
  const out: Record<string, VariableSpec> = Object.create(null);
  const places = sections.data.map(({ section, kind }) => ({
    section,
    map: maps.get(section.index),
    constant: kind === "rodata",
  }));
  if (sections.arena !== undefined) places.push({ section: sections.arena, map: arena, constant: false });
  const open = new Map<number, ElfSymbol[]>(places.map(({ section }) => [section.index, []]));
  for (const symbol of symbols) {
    const global = symbol.type === SymbolType.STT_OBJECT && symbol.binding !== SymbolBinding.STB_LOCAL;
    if (global && !isHidden(symbol)) open.get(symbol.section)?.push(symbol);
  }
  for (const { section, map, constant } of places) {
    if (map === undefined) continue;
    const add = (name: string, offset: number, size: number, typeId: number) => {
      if (offset + size > section.size) {
        throw sectionError(
          sections.elf,
          section,
          `variable ${name} of ${size} bytes ends past the end of the section, which has ${section.size} bytes`,
          offset,
        );
      }
      out[name] = new VariableSpec({
        name,
        sectionName: section.name,
        map,
        offset,
        size,
        typeId,
        btf,
        isConstant: constant,
      });
    };
    const datasec = btf?.find(section.name, BtfKind.DATASEC);
    const type = datasec === undefined ? undefined : btf?.type(datasec);
    if (btf !== undefined && type?.kind === "datasec") {
      for (const info of type.variables) {
        const variable = btf.type(info.type);
        if (variable.kind !== "var" || variable.linkage !== "global") continue;
        add(variable.name, info.offset, info.size, variable.type);
      }
    } else {
      for (const { name, value, size } of open.get(section.index) ?? []) add(name, value, size, 0);
    }
  }
  return out;
}
