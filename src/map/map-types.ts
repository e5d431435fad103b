import type { Btf, TypeId } from "../btf/index.ts";
import { isForbidden, kernelBtf, loadedBtf, typesWarning } from "../kernel/index.ts";
import type { MapInfo } from "../sys/index.ts";

/** The BTF types of a map's keys and values. */
export interface MapTypes {
  readonly btf: Btf;
  /** The type's id; 0 for none. */
  readonly keyTypeId: TypeId;
  readonly valueTypeId: TypeId;
}

/** The prefix of the value type of a struct_ops map. The name of the struct of callbacks follows. */
export const STRUCT_OPS_VALUE_PREFIX = "bpf_struct_ops_";

const warnOnce = typesWarning();

/**
 * Reads the types that the kernel stores for a map's keys and values. They are in the BTF that the map was created
 * with, or for a struct_ops map in the BTF of the kernel or of a module. Returns undefined for a map without types.
 *
 * Opening BTF by its id needs CAP_SYS_ADMIN; other uses of a map do not. Without CAP_SYS_ADMIN, this function returns
 * undefined and calls `onRefused` with the reason. By default the process prints one warning.
 */
export function typesOfMap(info: MapInfo, onRefused: (reason: string) => void = warnOnce): MapTypes | undefined {
  try {
    return readTypes(info);
  } catch (error) {
    if (!isForbidden(error)) throw error;
    const map = info.name === "" ? `map ${info.id}` : `map ${info.name}`;
    onRefused(
      `the BTF of ${map} cannot be read, so its keys and values are shown as bytes: opening BTF by its id needs CAP_SYS_ADMIN`,
    );
    return undefined;
  }
}

function readTypes(info: MapInfo): MapTypes | undefined {
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
