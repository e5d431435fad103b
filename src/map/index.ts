export { BatchCursor } from "./batch.ts";
export { BpfMap, maps, openMap } from "./bpf-map.ts";
export type { CType } from "./c-type.ts";
export { createMap, type MapOptions } from "./create-map.ts";
export type {
  LookupOptions as MapLookupOptions,
  UpdateMode,
  UpdateOptions as MapUpdateOptions,
} from "./element-flags.ts";
export { type Chunk, chunksOf, type WalkedMap } from "./element-walk.ts";
export type { BuildIdFrame, FdLike, StorageKey } from "./kernel-codecs.ts";
export { createKernelMap, type KernelMapTypes } from "./kernel-map.ts";
export { explainAccess } from "./map-errors.ts";
export { MapMemory } from "./map-memory.ts";
export {
  hasKeyList,
  type KeyKind,
  type MapTraits,
  mapTraits,
  type ValueKind,
  valueBytes,
  valueStride,
} from "./map-type-traits.ts";
export { type MapTypes, STRUCT_OPS_VALUE_PREFIX, typesOfMap } from "./map-types.ts";
export type { PrefixKey } from "./prefix-codec.ts";
export { RawMap } from "./raw-map.ts";
export type { Integer } from "./shared-integers.ts";
export { DataSection, Variable } from "./variable.ts";
export { type MapChange, type WatchedMap, type WatchOptions, watchMap } from "./watch.ts";
