import { kernelBtf, loadedBtf } from "../kernel/index.ts";
import type { MapInfo } from "../sys/index.ts";
import type { MapTypes } from "./map-codecs.ts";

/**
 * The types that the kernel has for a map: of the BTF that it was created with, or for a struct_ops map of the kernel's
 * own or a module's. Undefined without any.
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
