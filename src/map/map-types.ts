import type { Btf, TypeId } from "../btf/index.ts";
import { kernelBtf, loadedBtf } from "../kernel/index.ts";
import type { MapInfo } from "../sys/index.ts";

/** The BTF types of a map's keys and values. */
export interface MapTypes {
  readonly btf: Btf;
  /** 0 for none. */
  readonly keyTypeId: TypeId;
  readonly valueTypeId: TypeId;
}

/**
 * Reads the types that the kernel keeps for a map: from the BTF that the map was created with, or for a struct_ops map
 * from the BTF of the kernel or a module. Returns undefined for a map without types.
 */
export function typesOfMap(info: MapInfo): MapTypes | undefined {
  const kernelType = info.btf_vmlinux_value_type_id ?? 0;
  if (kernelType !== 0) {
    const { btf_vmlinux_id: module = 0 } = info;
    const btf = module === 0 ? kernelBtf() : loadedBtf(module, kernelBtf());
    return btf === undefined ? undefined : { btf, keyTypeId: 0, valueTypeId: kernelType };
  }
  if (info.btf_id === 0 || info.btf_value_type_id === 0) return undefined;
  const btf = loadedBtf(info.btf_id);
  if (btf === undefined) return undefined;
  return { btf, keyTypeId: info.btf_key_type_id, valueTypeId: info.btf_value_type_id };
}
