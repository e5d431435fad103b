import { type Btf, BtfKind, type BtfMember, essentialName, type TypeId } from "../btf/index.ts";
import type { ElfSection, ElfSymbols } from "../elf/index.ts";
import { BpfMapFlag, BpfMapType, BpfProgType } from "../uapi/index.ts";
import { type ObjectFunction, type ObjectFunctions, SLOT } from "./functions.ts";
import type { MapNames } from "./new-map.ts";
import { newMap } from "./new-map.ts";
import { sectionKind } from "./section-kinds.ts";
import { type ObjectSections, type RelocationSection, sectionError } from "./sections.ts";
import type { MapSpec, StructOpsSpec } from "./spec.ts";

type Callback = StructOpsSpec["callbacks"][number];

/** A struct_ops variable, and its offset in the section. */
interface PlacedStruct {
  readonly map: MapSpec;
  readonly structOps: StructOpsSpec;
  readonly callbacks: Callback[];
  readonly members: ReadonlyMap<number, BtfMember>;
  readonly offset: number;
  readonly size: number;
}

/** The variables of each struct_ops section, by section number. In a section they are in ascending order of offset. */
export type PlacedStructs = ReadonlyMap<number, readonly PlacedStruct[]>;

/** Makes a map for each variable of the struct_ops sections (libbpf's `init_struct_ops_maps`). */
export function readStructOps(sections: ObjectSections, btf: Btf | undefined, names: MapNames): PlacedStructs {
  const out = new Map<number, readonly PlacedStruct[]>();
  for (const section of sections.structOps) {
    if (btf === undefined) {
      throw sectionError(
        sections.elf,
        section,
        "struct_ops maps need BTF, but the object has none; compile it with clang -g",
      );
    }
    const structs = readSection(sections, section, btf, names).sort((a, b) => a.offset - b.offset);
    structs.forEach((struct, i) => {
      const before = structs[i - 1];
      if (before === undefined || before.offset + before.size <= struct.offset) return;
      const overlap = `variables ${before.map.name} and ${struct.map.name} overlap`;
      throw sectionError(sections.elf, section, overlap, struct.offset);
    });
    out.set(section.index, structs);
  }
  return out;
}

function readSection({ elf }: ObjectSections, section: ElfSection, btf: Btf, names: MapNames): PlacedStruct[] {
  const fail = (problem: string, offset?: number) => sectionError(elf, section, problem, offset);
  const datasec = btf.find(section.name, BtfKind.DATASEC);
  const type = datasec === undefined ? undefined : btf.type(datasec);
  if (type?.kind !== "datasec")
    throw fail(`the object's BTF does not describe this section (no DATASEC ${section.name})`);
  const data = elf.contents(section).slice();
  const membersOf = new Map<number, ReadonlyMap<number, BtfMember>>();
  return type.variables.map(({ type: variableId, offset }) => {
    const variable = btf.type(variableId);
    if (variable.kind !== "var")
      throw fail(`${variable.name} must be a variable, not ${variable.kind.toUpperCase()}`, offset);
    const typeId = btf.resolve(variable.type);
    const struct = btf.type(typeId);
    if (struct.kind !== "struct")
      throw fail(`variable ${variable.name} must be a struct, not ${struct.kind.toUpperCase()}`, offset);
    if (struct.name === "") throw fail(`the struct type of variable ${variable.name} has no name`, offset);
    const { size } = struct;
    if (offset + size > data.length) throw fail(`variable ${variable.name} ends past the end of the section`, offset);
    const callbacks: Callback[] = [];
    const link = section.name.endsWith(".link");
    const structOps: StructOpsSpec = {
      typeId,
      typeName: essentialName(struct.name),
      link,
      data: data.subarray(offset, offset + size),
      callbacks,
    };
    const map = newMap({
      name: variable.name,
      source: "struct_ops",
      type: BpfMapType.BPF_MAP_TYPE_STRUCT_OPS,
      keySize: 4,
      valueSize: size,
      maxEntries: 1,
      flags: link ? BpfMapFlag.BPF_F_LINK : 0,
      valueTypeId: typeId,
      structOps,
      autocreate: !section.name.startsWith("?"),
    });
    names.add(map, (problem) => fail(problem, offset));
    const members = membersOf.get(typeId) ?? membersByOffset(struct.members);
    membersOf.set(typeId, members);
    return { map, structOps, callbacks, members, offset, size };
  });
}

/** Returns the first member at each byte offset. */
function membersByOffset(members: readonly BtfMember[]): ReadonlyMap<number, BtfMember> {
  const out = new Map<number, BtfMember>();
  for (const member of members) if (!out.has(member.bitOffset / 8)) out.set(member.bitOffset / 8, member);
  return out;
}

/** Finds the program of each callback (libbpf's `bpf_object__collect_st_ops_relos`). */
export function readCallbacks(
  { elf }: ObjectSections,
  { section, target }: RelocationSection,
  symbols: ElfSymbols,
  btf: Btf,
  structs: readonly PlacedStruct[],
  functions: ObjectFunctions,
): void {
  elf.relocations(section).forEach(({ offset, symbol: number }, i) => {
    const symbol = symbols.at(number);
    const fail = (problem: string) =>
      sectionError(elf, section, `relocation ${i} for offset 0x${offset.toString(16)} of ${target.name}: ${problem}`);
    const struct = findStruct(structs, offset);
    if (struct === undefined) throw fail(`it puts ${symbol.name} into a struct, but there is no struct at this offset`);
    const at = offset - struct.offset;
    const member = struct.members.get(at);
    const name = `${struct.map.name}.${member?.name ?? at}`;
    if (member === undefined) throw fail(`no member of struct ${struct.structOps.typeName} begins at byte ${at}`);
    if (!isFunctionPointer(btf, member.type)) {
      throw fail(`${name} is not a pointer to a function, and only such pointers can be relocated`);
    }
    const program = programAt(functions, symbol.section, symbol.value);
    if (program === undefined) throw fail(`${name}: ${symbol.name} is not a program`);
    if (sectionKind(program.sectionName)?.type !== BpfProgType.BPF_PROG_TYPE_STRUCT_OPS) {
      throw fail(`${name}: program ${program.name} in section ${program.sectionName} is not of type struct_ops`);
    }
    struct.callbacks.push({ offset: at, member: member.name, program: program.name });
  });
}

function programAt(functions: ObjectFunctions, section: number, value: number): ObjectFunction | undefined {
  if (value % SLOT !== 0) return undefined;
  const found = functions.find(section, value / SLOT);
  return found?.entry === true ? found : undefined;
}

function findStruct(structs: readonly PlacedStruct[], offset: number): PlacedStruct | undefined {
  let low = 0;
  let high = structs.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((structs[middle] as PlacedStruct).offset <= offset) low = middle + 1;
    else high = middle;
  }
  const found = structs[low - 1];
  return found !== undefined && offset - found.offset < found.size ? found : undefined;
}

/** Returns true for a pointer to a function: the type of a member that can be a callback. */
export function isFunctionPointer(btf: Btf, id: TypeId): boolean {
  const type = btf.type(btf.resolve(id));
  return type.kind === "ptr" && btf.kind(btf.resolve(type.type)) === BtfKind.FUNC_PROTO;
}
