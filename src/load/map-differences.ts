import type { MapSpec } from "../object/index.ts";
import type { MapInfo } from "../sys/index.ts";
import { BpfMapFlag, BpfMapType, mapTypeName } from "../uapi/index.ts";

/**
 * Lists how an existing map differs from a spec. If the list is empty, programs can use the map instead of a new one.
 */
export function mapDifferences(spec: MapSpec, maxEntries: number, info: MapInfo): string[] {
  const differences: string[] = [];
  const compare = (what: string, wanted: string | number | bigint, found: string | number | bigint): void => {
    if (wanted !== found) differences.push(`${what} ${found} instead of ${wanted}`);
  };
  compare("type", mapTypeName(spec.type) ?? spec.type, mapTypeName(info.type) ?? info.type);
  compare("key size", spec.keySize, info.key_size);
  // A struct_ops map's value is the kernel's struct, of another size than the object's.
  if (spec.source !== "struct_ops") compare("value size", spec.valueSize, info.value_size);
  compare("max_entries", maxEntries, info.max_entries);
  compare("flags", hex(spec.flags), hex(info.map_flags & ~setByKernel(spec.type)));
  compare("map_extra", spec.mapExtra, info.map_extra ?? spec.mapExtra);
  return differences;
}

/** Device maps get BPF_F_RDONLY_PROG from the kernel (dev_map_init_map). */
function setByKernel(type: number): number {
  const isDeviceMap = type === BpfMapType.BPF_MAP_TYPE_DEVMAP || type === BpfMapType.BPF_MAP_TYPE_DEVMAP_HASH;
  return isDeviceMap ? BpfMapFlag.BPF_F_RDONLY_PROG : 0;
}

function hex(flags: number): string {
  return `0x${flags.toString(16)}`;
}
