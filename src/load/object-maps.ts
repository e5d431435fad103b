import { dirname, join, resolve } from "node:path";
import type { Btf } from "../btf/index.ts";
import { Errno, SyscallError, UsageError } from "../errors/index.ts";
import { openPinnedFd, pinName, pinTogether, removeDirectories, type Undo } from "../kernel/index.ts";
import { ownValue } from "../layout/index.ts";
import { BpfMap } from "../map/index.ts";
import { libbpfMapName, type MapSpec, maxEntriesOn, type ObjectSpec } from "../object/index.ts";
import type { Program } from "../program/index.ts";
import { BPFFS_PATH, duplicateFd, type MapInfo, OwnedFd } from "../sys/index.ts";
import { BpfMapFlag, BpfMapType, mapTypeName } from "../uapi/index.ts";
import { createMap, fillArena, fillDataMap, mapsToCreate, sectionContents, THIS_MACHINE } from "./create-map.ts";
import type { LoadOptions } from "./load-options.ts";
import { mapText } from "./step-texts.ts";
import type { PreparedStructOps } from "./struct-ops.ts";

/** What {@link ObjectMaps} needs to create maps besides the specs of the maps. */
export interface MapMaterials {
  readonly btf: OwnedFd | undefined;
  /** The value of the map `.kconfig`. */
  readonly kconfig: Uint8Array | undefined;
  readonly structOps: ReadonlyMap<string, PreparedStructOps>;
}

/** The maps of an object during the load. Each map is new, given by the caller, or opened from a pin. */
export class ObjectMaps {
  /** The maps by name. The record has no prototype, so each C name can be a key. */
  readonly byName: Record<string, BpfMap> = Object.create(null);
  readonly #spec: ObjectSpec;
  readonly #options: LoadOptions;
  readonly #undo: Undo;

  constructor(spec: ObjectSpec, options: LoadOptions, undo: Undo) {
    this.#spec = spec;
    this.#options = options;
    this.#undo = undo;
  }

  /** Calls a function for each existing map and its spec. */
  each(visit: (map: BpfMap, spec: MapSpec) => void): void {
    for (const spec of Object.values(this.#spec.maps)) {
      const map = this.byName[spec.name];
      if (map !== undefined) visit(map, spec);
    }
  }

  /** The fds of the maps, by name. */
  fds(): ReadonlyMap<string, number> {
    return new Map(Object.entries(this.byName).map(([name, map]) => [name, map.fd]));
  }

  /** Puts programs and maps into the slots of prog arrays and maps of maps, as the declarations of these maps say. */
  fillSlots(programs: Readonly<Record<string, Program>>): void {
    this.each((map, spec) => {
      if (ownValue(this.#options.maps, spec.name) !== undefined) return;
      const ofPrograms = spec.type === BpfMapType.BPF_MAP_TYPE_PROG_ARRAY;
      for (const { index, target } of spec.slots) {
        const object = ofPrograms ? programs[target] : this.byName[target];
        // If the program was not loaded, its slot stays empty.
        if (object !== undefined) map.set(index, object);
      }
    });
  }

  /** Adds every map to the object: the caller's map, the map that is pinned at its path, or else a new one. */
  createAll(materials: MapMaterials): void {
    for (const spec of mapsToCreate(this.#spec.maps)) {
      this.keep(spec, this.existing(spec) ?? this.#create(spec, materials));
    }
  }

  /** Adds an open map to the object, and pins it if its declaration demands a pin. */
  keep(spec: MapSpec, map: BpfMap): void {
    const path = this.#pinPath(spec);
    this.byName[spec.name] = path === undefined || map.isPinned ? map : this.#pinOrReuse(spec, map, path);
  }

  /** Pins all maps without a pin in the directory `pinMaps`. If one fails, removes the pins of the others again. */
  pinAll(): void {
    const { pinMaps, onStep } = this.#options;
    if (pinMaps === undefined) return;
    const open = Object.values(this.#spec.maps).flatMap((spec) => {
      const map = this.byName[spec.name];
      return map === undefined || map.isPinned ? [] : [{ map, path: join(pinMaps, mapPinName(spec)) }];
    });
    const pins = open.map(({ map, path }) => ({ path, fd: map.fd, what: map.what }));
    const undo = pinTogether(pins, (left) =>
      onStep?.(`${left} is left over from a load that did not finish; remove it`),
    );
    this.#undo.add(() => undo.run());
    for (const { map, path } of open) {
      map.notePin(path);
      onStep?.(`${map.what}: pinned at ${path}`);
    }
  }

  /** Adds a map that the loader program has created. */
  adopt(spec: MapSpec, fd: OwnedFd): void {
    const map = new BpfMap(fd, { name: spec.name, types: this.#types(spec) });
    if (spec.source === "arena") fillArena(spec, map);
    this.keep(spec, map);
  }

  /** Returns the map to use instead of a new one: the caller's map or a pinned map; undefined if there is neither. */
  existing(spec: MapSpec): BpfMap | undefined {
    const path = this.#pinPath(spec);
    return this.#replacement(spec) ?? (path === undefined ? undefined : this.#reuse(spec, path));
  }

  #replacement(spec: MapSpec): BpfMap | undefined {
    const given = ownValue(this.#options.maps, spec.name);
    if (given === undefined) return undefined;
    const { anyMaps = false } = this.#options;
    const differences = anyMaps ? [] : mapDifferences(spec, maxEntriesOn(THIS_MACHINE, spec), given.info());
    if (differences.length > 0) {
      throw new UsageError(
        `${given.what} cannot be used in place of map ${spec.name}: it has ${differences.join(", ")}`,
      );
    }
    const map = new BpfMap(new OwnedFd(duplicateFd(given.fd), `map ${spec.name}`), {
      name: spec.name,
      types: this.#types(spec),
    });
    this.#undo.add(() => map.close());
    this.#step(() => `map ${spec.name}: ${given.what} is used instead`);
    return map;
  }

  #pinPath(spec: MapSpec): string | undefined {
    return spec.pinning === "name"
      ? join(this.#options.pinPath ?? BPFFS_PATH, pinName(spec.name, `map ${spec.name}`))
      : undefined;
  }

  /** Opens the map that is pinned at a path; undefined if nothing is pinned there. */
  #reuse(spec: MapSpec, path: string): BpfMap | undefined {
    let fd: OwnedFd;
    try {
      fd = openPinnedFd(path, "map");
    } catch (error) {
      const { cause } = error as Error;
      if (cause instanceof SyscallError && cause.errno === Errno.ENOENT) return undefined;
      throw error;
    }
    const map = new BpfMap(fd, { name: spec.name, types: this.#types(spec), pinnedPath: path });
    const differences = mapDifferences(spec, maxEntriesOn(THIS_MACHINE, spec), map.info());
    if (differences.length === 0) {
      this.#step(() => `map ${spec.name}: re-used from ${path}`);
      this.#undo.add(() => map.close());
      return map;
    }
    map.close();
    throw new UsageError(
      `map ${spec.name}: the map pinned at ${path} differs: ${differences.join(", ")}; remove the pin, or set another pinPath`,
    );
  }

  #create(spec: MapSpec, { btf, kconfig, structOps }: MapMaterials): BpfMap {
    const fd = createMap(spec, { btf, structOps: structOps.get(spec.name), ifindex: this.#options.ifindex });
    const map = new BpfMap(fd, { name: spec.name, types: this.#types(spec) });
    this.#undo.add(() => map.close());
    this.#step(() => `map ${spec.name}: ${mapText(spec)}, created with fd ${map.fd}`);
    if (spec.source === "data" || spec.source === "kconfig") {
      fillDataMap(spec, map.fd, sectionContents(spec, kconfig));
    }
    if (spec.source === "arena") fillArena(spec, map);
    return map;
  }

  #types(spec: MapSpec): { btf: Btf; keyTypeId: number; valueTypeId: number } | undefined {
    const { btf } = this.#spec;
    return btf === undefined ? undefined : { btf, keyTypeId: spec.keyTypeId, valueTypeId: spec.valueTypeId };
  }

  /** Pins a new map. If another process has pinned a map at this path in the meantime, returns that map. */
  #pinOrReuse(spec: MapSpec, map: BpfMap, path: string): BpfMap {
    try {
      this.#pin(map, path);
      return map;
    } catch (error) {
      const { cause } = error as Error;
      if (!(cause instanceof SyscallError) || cause.errno !== Errno.EEXIST) throw error;
      const theirs = this.#reuse(spec, path);
      if (theirs === undefined) throw error;
      map.close();
      return theirs;
    }
  }

  #pin(map: BpfMap, path: string): void {
    const made = map.pin(path);
    this.#step(() => `${map.what}: pinned at ${path}`);
    this.#undo.add(() => {
      map.unpin();
      if (made !== undefined) removeDirectories(dirname(resolve(path)), made);
    });
  }

  #step(sentence: () => string): void {
    this.#options.onStep?.(sentence());
  }
}

/** Returns the name of a map's pin, as libbpf forms it. It has `_` instead of dots, because a bpffs refuses dots. */
export function mapPinName(spec: MapSpec): string {
  return pinName(libbpfMapName(spec).replaceAll(".", "_"), `map ${spec.name}`);
}

/** Lists how an existing map differs from a spec. If the list is empty, programs can use the existing map. */
function mapDifferences(spec: MapSpec, maxEntries: number, info: MapInfo): string[] {
  const differences: string[] = [];
  const compare = (what: string, wanted: string | number | bigint, found: string | number | bigint): void => {
    if (wanted !== found) differences.push(`${what} ${found} instead of ${wanted}`);
  };
  compare("type", mapTypeName(spec.type) ?? spec.type, mapTypeName(info.type) ?? info.type);
  compare("key size", spec.keySize, info.key_size);
  // The value of a struct_ops map has the kernel's layout, so its size can differ from that in the object.
  if (spec.source !== "struct_ops") compare("value size", spec.valueSize, info.value_size);
  compare("max_entries", maxEntries, info.max_entries);
  compare("flags", hex(spec.flags), hex(info.map_flags & ~setByKernel(spec.type)));
  compare("map_extra", spec.mapExtra, info.map_extra ?? spec.mapExtra);
  return differences;
}

/** Returns the flags that the kernel adds to a map: BPF_F_RDONLY_PROG for device maps (dev_map_init_map). */
function setByKernel(type: number): number {
  const isDeviceMap = type === BpfMapType.BPF_MAP_TYPE_DEVMAP || type === BpfMapType.BPF_MAP_TYPE_DEVMAP_HASH;
  return isDeviceMap ? BpfMapFlag.BPF_F_RDONLY_PROG : 0;
}

function hex(flags: number): string {
  return `0x${flags.toString(16)}`;
}
