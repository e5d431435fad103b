import { type Btf, BtfKind, type BtfSecInfo } from "../btf/index.ts";
import type { ElfSymbols } from "../elf/index.ts";
import { BpfMapType, isMapOfMaps } from "../uapi/index.ts";
import { type ObjectFunctions, SLOT } from "./functions.ts";
import { readMapDefinition } from "./map-definition.ts";
import type { MapDraft, MapNames } from "./new-map.ts";
import { type ObjectSections, type RelocationSection, sectionError } from "./sections.ts";
import type { MapSpec } from "./spec.ts";

const POINTER_SIZE = 8;

/** A map, and its variable in the section `.maps`. */
interface PlacedMap {
  readonly map: MapDraft;
  readonly info: BtfSecInfo;
}

/** Looks up the maps of the section `.maps` by the offsets of their variables. */
export class PlacedMaps {
  readonly #byOffset: readonly PlacedMap[];

  constructor(maps: readonly PlacedMap[]) {
    this.#byOffset = [...maps].sort((a, b) => a.info.offset - b.info.offset);
  }

  /** Returns the map whose variable begins at an offset. */
  at(offset: number): MapSpec | undefined {
    const found = this.holding(offset, 0);
    return found?.info.offset === offset ? found.map : undefined;
  }

  /** Returns the map whose variable contains the bytes from `offset` up to `offset + size`. */
  holding(offset: number, size: number): PlacedMap | undefined {
    let low = 0;
    let high = this.#byOffset.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#byOffset[middle] as PlacedMap).info.offset <= offset) low = middle + 1;
      else high = middle;
    }
    const found = this.#byOffset[low - 1];
    return found !== undefined && offset + size <= found.info.offset + found.info.size ? found : undefined;
  }
}

/** Reads the maps of the section `.maps` (libbpf's `bpf_object__init_user_btf_maps`) and adds them to `names`. */
export function readMapSection(
  sections: ObjectSections,
  btf: Btf | undefined,
  names: MapNames,
  ignoreUnknown: boolean,
): PlacedMaps {
  const { elf, maps: section } = sections;
  if (section === undefined) return new PlacedMaps([]);
  const fail = (problem: string, offset?: number) => sectionError(elf, section, problem, offset);
  const datasec = btf?.find(".maps", BtfKind.DATASEC);
  if (btf === undefined) throw fail("the maps are defined by BTF, but the object has no BTF; compile it with clang -g");
  const type = datasec === undefined ? undefined : btf.type(datasec);
  if (type?.kind !== "datasec") throw fail("the object's BTF does not describe this section (no DATASEC .maps)");
  const { length } = elf.contents(section);
  const tags = declarationTags(btf);
  const placed = type.variables.map((info): PlacedMap => {
    const variable = btf.type(info.type);
    if (variable.kind !== "var")
      throw fail(`map ${variable.name} must be a variable, not ${variable.kind.toUpperCase()}`);
    const { name } = variable;
    if (name === "") throw fail("a map has no name", info.offset);
    if (info.offset + info.size > length)
      throw fail(`map ${name} ends past the end of the section, which has ${length} bytes`, info.offset);
    if (variable.linkage !== "global") {
      throw fail(`map ${name} is ${variable.linkage}; a map must be global: remove static, extern or __hidden`);
    }
    const struct = btf.resolve(variable.type);
    const map = readMapDefinition({ btf, source: elf.sourceOf(section), ignoreUnknown }, name, struct);
    if (btf.sizeField(struct) > info.size)
      throw fail(`map ${name}: the struct that defines it is larger than its variable`, info.offset);
    const arena = map.type === BpfMapType.BPF_MAP_TYPE_ARENA;
    const spec = { ...map, source: arena ? ("arena" as const) : map.source, tags: tags.get(info.type) ?? [] };
    names.add(spec, fail);
    return { map: spec, info };
  });
  readArena(sections, placed);
  return new PlacedMaps(placed);
}

/** Sets the initial globals of the object's arena. Throws FormatError if there is more than one arena. */
function readArena({ elf, arena: section, maps }: ObjectSections, placed: readonly PlacedMap[]): void {
  const arenas = placed.filter(({ map }) => map.source === "arena");
  const [first, second] = arenas;
  if (maps !== undefined && first !== undefined && second !== undefined) {
    throw sectionError(
      elf,
      maps,
      `maps ${first.map.name} and ${second.map.name} are both arenas; an object can have only one`,
    );
  }
  if (section === undefined) return;
  if (first === undefined) {
    throw sectionError(elf, section, "there are __arena variables, but no map of BPF_MAP_TYPE_ARENA in .maps");
  }
  first.map.contents = elf.contents(section).slice();
}

/** Returns the declaration tags of each type. Leaves out the tags of members and parameters. */
function declarationTags(btf: Btf): ReadonlyMap<number, readonly string[]> {
  const out = new Map<number, string[]>();
  for (const id of btf.idsOf(BtfKind.DECL_TAG)) {
    const type = btf.type(id);
    if (type.kind !== "decl_tag" || type.component !== -1) continue;
    const list = out.get(type.type);
    if (list === undefined) out.set(type.type, [type.name]);
    else list.push(type.name);
  }
  return out;
}

/**
 * Reads from `.rel.maps` the programs and maps that prog arrays and maps of maps contain from the start (libbpf's
 * `bpf_object__collect_map_relos`).
 */
export function readMapSlots(
  sections: ObjectSections,
  { section }: RelocationSection,
  symbols: ElfSymbols,
  btf: Btf,
  placed: PlacedMaps,
  names: MapNames,
  functions: ObjectFunctions,
): void {
  const { elf, maps } = sections;
  const found = new Map<PlacedMap, Map<number, string>>();
  elf.relocations(section).forEach(({ offset, symbol: number }, i) => {
    const symbol = symbols.at(number);
    const fail = (problem: string) =>
      sectionError(elf, section, `relocation ${i} for offset 0x${offset.toString(16)}: ${problem}`);
    const place = placed.holding(offset, POINTER_SIZE);
    if (place === undefined) throw fail(`it puts ${symbol.name} into a map, but there is no map at this offset`);
    const { map, info } = place;
    if (isMapOfMaps(map.type)) {
      if (symbol.section !== maps?.index || !names.has(symbol.name))
        throw fail(`map ${map.name}: its initial value ${symbol.name} is not a map`);
      if (map.type === BpfMapType.BPF_MAP_TYPE_HASH_OF_MAPS && map.keySize !== 4) {
        throw fail(
          `map ${map.name} has keys of ${map.keySize} bytes, but a map with initial values needs keys of 4 bytes`,
        );
      }
    } else if (map.type === BpfMapType.BPF_MAP_TYPE_PROG_ARRAY) {
      const program = functions.find(symbol.section, symbol.value / SLOT);
      const named = program !== undefined && (program.name === symbol.name || program.aliases.includes(symbol.name));
      if (!named || program.start * SLOT !== symbol.value || !program.entry) {
        throw fail(
          `map ${map.name}: its initial value ${symbol.name} is not a program, which is a global function outside of .text`,
        );
      }
    } else {
      throw fail(`map ${map.name} cannot have initial values, because it is neither a prog array nor a map of maps`);
    }
    const struct = btf.type(btf.resolve(btf.target(info.type)));
    const last = struct.kind === "struct" ? struct.members.at(-1) : undefined;
    const within = offset - info.offset - (last?.bitOffset ?? 0) / 8;
    if (last?.name !== "values" || within < 0 || within % POINTER_SIZE !== 0) {
      throw fail(`map ${map.name}: no element of the member "values" begins at this offset`);
    }
    const slots = found.get(place) ?? new Map<number, string>();
    slots.set(within / POINTER_SIZE, symbol.name);
    found.set(place, slots);
  });
  for (const [{ map }, slots] of found) {
    map.slots = [...slots].map(([index, target]) => ({ index, target })).sort((a, b) => a.index - b.index);
  }
}
