import type { Btf, TypeId } from "../btf/index.ts";
import { closeFd, type MapInfo, mapGetFdById, mapInfo, mapLookupElem } from "../sys/index.ts";
import { BpfMapType } from "../uapi/index.ts";

const PREFIX = "bpf_metadata_";

/** A global variable that describes its program, for example the program's version or author. */
export interface MetadataVariable {
  /** The variable's name without the prefix `bpf_metadata_`. */
  readonly name: string;
  readonly btf: Btf;
  readonly type: TypeId;
  /** The program's read-only data. The variable's value begins at the offset `at`. */
  readonly data: DataView;
  readonly at: number;
}

/**
 * Returns the variables of a program whose names begin with `bpf_metadata_`. As in bpftool, the variables come from the
 * program's first map with read-only data. If a map before this one cannot be opened, returns no variables.
 */
export function programMetadata(
  mapIds: readonly number[],
  loadedBtf: (id: number) => Btf | undefined,
): readonly MetadataVariable[] {
  const data = mapIds.length === 0 ? undefined : readOnlyData(mapIds);
  if (data === undefined) return [];
  const btf = loadedBtf(data.info.btf_id);
  const section = btf?.type(data.info.btf_value_type_id);
  if (btf === undefined || section?.kind !== "datasec") return [];
  const view = new DataView(data.value.buffer, data.value.byteOffset, data.value.byteLength);
  return section.variables.flatMap(({ type, offset }) => {
    const variable = btf.type(type);
    if (variable.kind !== "var" || !variable.name.startsWith(PREFIX)) return [];
    return [{ name: variable.name.slice(PREFIX.length), btf, type: variable.type, data: view, at: offset }];
  });
}

function readOnlyData(mapIds: readonly number[]): { info: MapInfo; value: Uint8Array } | undefined {
  for (const id of mapIds) {
    let fd: number;
    try {
      fd = mapGetFdById(id);
    } catch {
      return undefined;
    }
    try {
      const info = mapInfo(fd);
      if (!isReadOnlyData(info)) continue;
      const value = new Uint8Array(info.value_size);
      return mapLookupElem(fd, new Uint8Array(4), value) ? { info, value } : undefined;
    } catch {
      return undefined;
    } finally {
      closeFd(fd);
    }
  }
  return undefined;
}

function isReadOnlyData({ type, key_size, max_entries, btf_value_type_id, name }: MapInfo): boolean {
  return (
    type === BpfMapType.BPF_MAP_TYPE_ARRAY &&
    key_size === 4 &&
    max_entries === 1 &&
    btf_value_type_id !== 0 &&
    name.includes(".rodata")
  );
}
