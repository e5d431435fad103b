import { type Btf, BtfKind } from "../btf/index.ts";
import { type ElfSection, type ElfSymbol, SymbolType } from "../elf/index.ts";
import type { MapNames } from "./new-map.ts";
import { newMap } from "./new-map.ts";
import { type ObjectSections, sectionError } from "./sections.ts";
import type { MapSpec } from "./spec.ts";

/** The size of `struct bpf_map_def`: type, key_size, value_size, max_entries, map_flags. */
const DEFINITION_SIZE = 20;
/** The smallest size of a definition: type, key_size and value_size. All later fields may be missing. */
const LEAST_SIZE = 12;

/** The maps of the sections named `maps`, by section number and offset. */
export type LegacyMaps = ReadonlyMap<number, ReadonlyMap<number, MapSpec>>;

/** The input of {@link readLegacyMaps}. The maps are added to `names`. */
export interface LegacyMapsInput {
  readonly sections: ObjectSections;
  readonly symbols: readonly ElfSymbol[];
  readonly btf: Btf | undefined;
  readonly names: MapNames;
  /** If false, an object with a section `maps` is refused. */
  readonly isAllowed: boolean;
  /**
   * If true, the bytes after the five common fields are ignored, such as the fields of iproute2. If false, these bytes
   * must be zero.
   */
  readonly ignoreUnknown: boolean;
}

/**
 * Reads sections named `maps`, as libbpf did before 1.0. Each symbol of the section is a map, defined by a `struct
 * bpf_map_def`.
 */
export function readLegacyMaps(input: LegacyMapsInput): LegacyMaps {
  const { sections, isAllowed } = input;
  const out = new Map<number, ReadonlyMap<number, MapSpec>>();
  for (const section of sections.legacyMaps) {
    if (!isAllowed) {
      throw sectionError(
        sections.elf,
        section,
        "legacy map definitions are not supported since libbpf 1.0: define maps in SEC(\".maps\"), or set the option 'legacyMaps' (in the command: --mapcompat)",
      );
    }
    out.set(section.index, readSection(section, input));
  }
  return out;
}

function readSection(
  section: ElfSection,
  { sections: { elf }, symbols, btf, names, ignoreUnknown }: LegacyMapsInput,
): ReadonlyMap<number, MapSpec> {
  const bytes = elf.bytes(section);
  const own = symbols.filter(
    ({ section: index, type }) =>
      index === section.index && (type === SymbolType.STT_OBJECT || type === SymbolType.STT_NOTYPE),
  );
  const maps = new Map<number, MapSpec>();
  if (own.length === 0) return maps;
  for (const { name, value, size: symbolSize } of own) {
    // A symbol from assembly has no size. Then libbpf assumes that all definitions in the section have the same size.
    const size = symbolSize === 0 ? bytes.length / own.length : symbolSize;
    if (!Number.isInteger(size) || size < LEAST_SIZE || size % 4 !== 0) {
      throw bytes.error(
        value,
        `the definition of map ${name} has ${size} bytes, which is not a valid size of a struct bpf_map_def (${DEFINITION_SIZE} bytes)`,
      );
    }
    bytes.check(value, size, `map ${name}`);
    if (name === "") throw bytes.error(value, "a map has no name");
    for (let at = DEFINITION_SIZE; at < size && !ignoreUnknown; at += 4) {
      if (bytes.u32(value + at) !== 0) {
        throw bytes.error(
          value + at,
          `map ${name}: the bytes after map_flags are not 0; to ignore them, set the option 'ignoreUnknownMapFields' (in the command: --mapcompat)`,
        );
      }
    }
    const field = (index: number) => (4 * index < size ? bytes.u32(value + 4 * index) : 0);
    const map = newMap({
      name,
      source: "legacy",
      type: field(0),
      keySize: field(1),
      valueSize: field(2),
      maxEntries: field(3),
      flags: field(4),
    });
    if (map.type === 0) throw bytes.error(value, `map ${name} has no type`);
    const types = btf === undefined ? undefined : annotatedTypes(btf, name, map.keySize, map.valueSize);
    map.keyTypeId = types?.key ?? 0;
    map.valueTypeId = types?.value ?? 0;
    names.add(map, (problem) => bytes.error(value, problem));
    maps.set(value, map);
  }
  return maps;
}

/**
 * Returns the key and value types from the struct `____btf_map_NAME`, which the macro BPF_ANNOTATE_KV_PAIR makes.
 * Returns undefined if the sizes of these types differ from the map's definition.
 */
function annotatedTypes(
  btf: Btf,
  name: string,
  keySize: number,
  valueSize: number,
): { key: number; value: number } | undefined {
  const id = btf.find(`____btf_map_${name}`, BtfKind.STRUCT);
  const type = id === undefined ? undefined : btf.type(id);
  if (type?.kind !== "struct") return undefined;
  const [key, value] = type.members;
  if (key === undefined || value === undefined) return undefined;
  if (btf.sizeOf(key.type) !== keySize || btf.sizeOf(value.type) !== valueSize) return undefined;
  return { key: key.type, value: value.type };
}
