import type { FormatError } from "../errors/index.ts";
import { BPF_OBJ_NAME_LEN } from "../uapi/index.ts";
import type { MapSpec } from "./spec.ts";

/** A map spec while it is being read. */
export type MapDraft = { -readonly [K in keyof MapSpec]: MapSpec[K] };

/** Makes a map spec. Fields that are not given have their defaults. */
export function newMap(init: Pick<MapSpec, "name" | "source"> & Partial<MapSpec>): MapDraft {
  return {
    kernelName: kernelName(init.name),
    type: 0,
    keySize: 0,
    valueSize: 0,
    maxEntries: 0,
    flags: 0,
    numaNode: undefined,
    mapExtra: 0n,
    ifindex: 0,
    pinning: "none",
    innerMap: undefined,
    keyTypeId: 0,
    valueTypeId: 0,
    tags: [],
    contents: undefined,
    frozen: false,
    slots: [],
    structOps: undefined,
    autocreate: true,
    ...init,
  };
}

/** For each map of zeros: whether its bytes have been allocated. */
const zeroed = new WeakMap<MapSpec, () => boolean>();

/** True for a section of zeros whose bytes nobody has read or set. They need not be written to a new map. */
export function isUntouched(map: MapSpec): boolean {
  return zeroed.get(map)?.() === false;
}

/** Makes a map of zeros, which are allocated at the first access: a .bss may be much larger than its file. */
export function newZeroedMap(
  init: Pick<MapSpec, "name" | "source"> & Partial<Omit<MapSpec, "contents">>,
  size: number,
): MapSpec {
  let contents: Uint8Array | undefined;
  let made = false;
  const map = newMap(init);
  Object.defineProperty(map, "contents", {
    enumerable: true,
    configurable: true,
    get: () => {
      if (!made) contents = new Uint8Array(size);
      made = true;
      return contents;
    },
    set: (bytes: Uint8Array | undefined) => {
      contents = bytes;
      made = true;
    },
  });
  zeroed.set(map, () => made);
  return map;
}

/** The kernel's limit for a name, in characters. */
const NAME_LENGTH = BPF_OBJ_NAME_LEN - 1;

/** Converts a name for the kernel: truncated, and with `_` for characters that the kernel refuses. */
export function kernelName(name: string): string {
  return name.replace(/[^A-Za-z0-9_.]/gu, "_").slice(0, NAME_LENGTH);
}

/**
 * Returns the kernel's name for a section's map (libbpf's `internal_map_name`): the object's name, truncated so that
 * the section's name fits, or at least 7 characters of it. The names of `.data.x` and `.rodata.x` have no prefix.
 */
export function sectionMapName(objectName: string, sectionName: string): string {
  const suffix = Math.min(Math.max(7, sectionName.length), NAME_LENGTH);
  const prefix = sectionName.includes(".", 1) ? 0 : NAME_LENGTH - suffix;
  const name = objectName.slice(0, prefix) + sectionName.slice(0, suffix);
  return name.replace(/[^A-Za-z0-9_.]/g, "_");
}

/** The maps of an object by name. Names are unique. */
export class MapNames {
  readonly all: Record<string, MapSpec> = Object.create(null);

  /** Adds a map. Throws the error that `fail` makes if the name is taken. */
  add(map: MapSpec, fail: (problem: string) => FormatError): void {
    if (this.has(map.name)) throw fail(`there are two maps ${map.name}`);
    this.all[map.name] = map;
  }

  has(name: string): boolean {
    return this.all[name] !== undefined;
  }
}

/**
 * Returns libbpf's name for a map. It is the name in the object, but for sections other than `.data.x` and `.rodata.x`
 * it is the name in the kernel: `counter.rodata`.
 */
export function libbpfMapName({ name, kernelName, source }: MapSpec): string {
  const isSection = source === "data" || source === "kconfig";
  return isSection && !/^\.(data|rodata)\./.test(name) ? kernelName : name;
}
