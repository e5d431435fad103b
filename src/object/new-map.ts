import type { FormatError } from "../errors/index.ts";
import { BPF_OBJ_NAME_LEN, BpfMapType } from "../uapi/index.ts";
import type { MapSpec } from "./spec.ts";

/** A map spec that is still being read. */
export type MapDraft = { -readonly [K in keyof MapSpec]: MapSpec[K] };

/** Makes a map spec. Sets each field that is not given to its default. */
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

/** The name of the section whose variables have one value for each CPU. */
const PERCPU_SECTION = ".percpu";

/** Returns true for the map of a section whose variables have one value for each CPU (Linux 7.3). */
export function isPerCpuSection({ source, type }: MapSpec): boolean {
  return source === "data" && type === BpfMapType.BPF_MAP_TYPE_PERCPU_ARRAY;
}

/**
 * For each map whose initial contents are zeros: a function that returns true if the bytes of the map have been
 * allocated.
 */
const zeroed = new WeakMap<MapSpec, () => boolean>();

/**
 * Returns true if the initial contents of a map are zeros that nobody has read or changed. The loader need not write
 * them to the new map.
 */
export function isUntouched(map: MapSpec): boolean {
  return zeroed.get(map)?.() === false;
}

/**
 * Makes a map whose initial contents are zeros, which are allocated at the first access. A .bss may be much larger than
 * the object file.
 */
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

/** The most characters that the kernel allows in a name. */
const NAME_LENGTH = BPF_OBJ_NAME_LEN - 1;

/** Converts a name for the kernel: replaces characters that the kernel refuses by `_`, and truncates the name. */
export function kernelName(name: string): string {
  return name.replace(/[^A-Za-z0-9_.]/gu, "_").slice(0, NAME_LENGTH);
}

/**
 * Returns the kernel's name for a section's map (libbpf's `internal_map_name`). It consists of the object's name and
 * the section's name. The object's name is truncated so that at least 7 characters of the section's name fit. The names
 * of `.percpu` and of sections with a second dot, such as `.data.x`, do not begin with the object's name.
 */
export function sectionMapName(objectName: string, sectionName: string): string {
  const suffix = Math.min(Math.max(7, sectionName.length), NAME_LENGTH);
  const prefix = sectionName.includes(".", 1) || sectionName === PERCPU_SECTION ? 0 : NAME_LENGTH - suffix;
  const name = objectName.slice(0, prefix) + sectionName.slice(0, suffix);
  return name.replace(/[^A-Za-z0-9_.]/g, "_");
}

/** The maps of an object by name. No two maps have the same name. */
export class MapNames {
  readonly all: Record<string, MapSpec> = Object.create(null);

  /** Adds a map. Throws the error that `fail` makes if the name is taken. */
  add(map: MapSpec, fail: (problem: string) => FormatError): void {
    if (this.has(map.name)) throw fail(`the object has two maps ${map.name}`);
    this.all[map.name] = map;
  }

  has(name: string): boolean {
    return this.all[name] !== undefined;
  }
}

/**
 * Returns libbpf's name for a map. For most maps it is the name in the object. For the maps of sections, except
 * `.percpu*`, `.data.x` and `.rodata.x`, it is the name in the kernel, such as `counter.rodata`.
 */
export function libbpfMapName({ name, kernelName, source }: MapSpec): string {
  const isSection = source === "data" || source === "kconfig";
  return isSection && !/^\.((data|rodata)\.|percpu)/.test(name) ? kernelName : name;
}
