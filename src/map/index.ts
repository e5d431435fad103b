export { BatchCursor } from "./batch.ts";
export type { CType } from "./c-type.ts";
export { createMap, type MapOptions } from "./create.ts";
export { DataSection } from "./data-section.ts";
export type {
  LookupOptions as MapLookupOptions,
  UpdateMode,
  UpdateOptions as MapUpdateOptions,
} from "./element-options.ts";
export type { Integer } from "./integers.ts";
export type { BuildIdFrame, FdLike, StorageKey } from "./kernel-codecs.ts";
export { BpfMap, maps, openMap } from "./map.ts";
export type { MapTypes } from "./map-codecs.ts";
export { typesOfMap } from "./map-types.ts";
export { MapMemory } from "./memory.ts";
export type { PrefixKey } from "./prefix-codec.ts";
export { RawMap } from "./raw-map.ts";
export { hasKeyList, type KeyKind, type MapTraits, mapTraits, type ValueKind, valueBytes } from "./traits.ts";
export { Variable } from "./variable.ts";
export { type Chunk, chunksOf, type WalkedMap } from "./walk.ts";
export { type MapChange, type WatchedMap, type WatchOptions, watchMap } from "./watch.ts";
