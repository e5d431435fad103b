import { type Btf, BtfKind, type BtfSecInfo, type TypeId } from "../btf/index.ts";
import { ARENA_SECTION, isPerCpuSection, libbpfMapName, type MapSpec, type ObjectSpec } from "../object/index.ts";
import { BpfMapFlag, BpfMapType } from "../uapi/index.ts";
import { toIdentifier } from "./c-text.ts";

/** A map of an object, as skeletons show it. */
export interface SkeletonMap {
  readonly spec: MapSpec;
  /** The map's name in libbpf. */
  readonly name: string;
  /** The name of the map's member in the skeleton, such as `rodata`. */
  readonly identifier: string;
  /** The name of the member that points to the map's memory; undefined if the map has none. */
  readonly memory: string | undefined;
}

/** Everything in an object that a skeleton shows. */
export interface SkeletonParts {
  readonly btf: Btf | undefined;
  readonly maps: readonly SkeletonMap[];
  readonly structOps: readonly SkeletonMap[];
  readonly programs: readonly string[];
}

/** A skeleton shows the variables of a section if the section's name begins with one of these. */
const SECTIONS = [".data", ".rodata", ".bss", ".kconfig", ".percpu"] as const;

export function skeletonParts(spec: ObjectSpec): SkeletonParts {
  const maps = Object.values(spec.maps).map(skeletonMap);
  return {
    btf: spec.btf,
    maps,
    structOps: maps.filter(isStructOps),
    programs: Object.keys(spec.programs),
  };
}

export function isStructOps({ spec }: SkeletonMap): boolean {
  return spec.type === BpfMapType.BPF_MAP_TYPE_STRUCT_OPS;
}

function skeletonMap(spec: MapSpec): SkeletonMap {
  const name = libbpfMapName(spec);
  if (spec.source !== "data" && spec.source !== "kconfig") {
    const memory = spec.source === "arena" && spec.contents !== undefined ? "arena" : undefined;
    return { spec, name, identifier: name, memory };
  }
  const identifier = identifierOfMap(name);
  // libbpf keeps the initial values of a per-CPU map in memory, although such a map cannot be mapped with mmap.
  const hasMemory = isPerCpuSection(spec) || (spec.flags & BpfMapFlag.BPF_F_MMAPABLE) !== 0;
  return { spec, name, identifier, memory: hasMemory ? identifier : undefined };
}

/** Returns the identifier of a section's map. The map's name may begin with the name of the object. */
function identifierOfMap(name: string): string {
  const at = SECTIONS.map((section) => name.indexOf(section)).find((found) => found >= 0) ?? -1;
  return toIdentifier(name.slice(at + 1));
}

/** Returns the identifier of a section of variables; undefined if a skeleton does not show the section. */
function identifierOfSection(name: string): string | undefined {
  if (name === ARENA_SECTION) return "arena";
  return SECTIONS.some((section) => name.startsWith(section)) ? toIdentifier(name.slice(1)) : undefined;
}

/** A section of variables, and the name of the skeleton's member that points to the memory of the section. */
export interface VariableSection {
  readonly name: string;
  readonly memory: string;
  /** The variables that are not static. Undefined if the BTF does not describe the section. */
  readonly variables: readonly SectionVariable[] | undefined;
}

export interface SectionVariable extends BtfSecInfo {
  readonly name: string;
  /** The type of the variable's value. */
  readonly valueType: TypeId;
}

/** Returns the sections whose variables user space accesses through memory, in the order of their maps. */
export function variableSections({ btf, maps }: SkeletonParts): VariableSection[] {
  return maps.flatMap(({ memory }) => (memory === undefined || btf === undefined ? [] : [sectionOf(btf, memory)]));
}

function sectionOf(btf: Btf, memory: string): VariableSection {
  const id = btf.idsOf(BtfKind.DATASEC).find((each) => identifierOfSection(btf.name(each)) === memory);
  if (id === undefined) return { name: "", memory, variables: undefined };
  return { name: btf.name(id), memory, variables: variablesOf(btf, id) };
}

/** Returns the variables of a section that are not static. */
export function variablesOf(btf: Btf, datasec: TypeId): SectionVariable[] {
  const type = btf.type(datasec);
  if (type.kind !== "datasec") return [];
  return type.variables.flatMap((info) => {
    const variable = btf.type(info.type);
    if (variable.kind !== "var" || variable.linkage === "static") return [];
    return [{ ...info, name: variable.name, valueType: variable.type }];
  });
}
