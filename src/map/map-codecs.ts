import type { Btf, TypeId } from "../btf/index.ts";
import { elementPlaces, possibleCpus } from "../sys/index.ts";
import { BpfMapFlag } from "../uapi/index.ts";
import { type Codec, indexCodec, perCpuCodec, rawCodec, refusingCodec, typedCodec } from "./codec.ts";
import { cgroupIdCodec, fdCodec, redirectCodec, socketCodec, stackCodec, storageCodec } from "./kernel-codecs.ts";
import type { MapTraits } from "./map-type-traits.ts";
import { prefixCodec } from "./prefix-codec.ts";
import { makeRoom, type Room } from "./room.ts";

/** Where a map's keys and values find their types. */
export interface MapTypes {
  readonly btf: Btf;
  /** 0 for none. */
  readonly keyTypeId: TypeId;
  readonly valueTypeId: TypeId;
}

/** How a map's elements become bytes and back, with room for one of them. */
export interface MapCodecs {
  readonly key: Codec;
  /** Of a per-CPU map all values of an element. */
  readonly value: Codec;
  /** Of a per-CPU map the value of one CPU. */
  readonly one: Codec;
  readonly keyRoom: Room;
  readonly valueRoom: Room;
  /**
   * Where a system call takes key and value from. For plain numbers and texts alone: what an object's members run may
   * use the same places.
   */
  readonly places: { readonly key: Room; readonly value: Room } | undefined;
}

/** What the codecs of a map depend on. */
export interface CodedMap {
  readonly what: string;
  readonly traits: MapTraits;
  readonly keySize: number;
  readonly valueSize: number;
  readonly flags: number;
}

/** The codecs of a map. */
export function makeCodecs(map: CodedMap, types: MapTypes | undefined): MapCodecs {
  const key = keyCodec(map, types);
  const one = valueCodec(map, types);
  const value = map.traits.perCpu ? perCpuCodec(one, possibleCpus(), `${map.what}: value`) : one;
  return {
    key,
    value,
    one,
    keyRoom: makeRoom(key.size),
    valueRoom: makeRoom(value.size),
    places: elementPlaces(key.size, value.size),
  };
}

function typed(types: MapTypes | undefined, id: TypeId | undefined, size: number, what: string): Codec | undefined {
  return types === undefined || id === undefined || id === 0 ? undefined : typedCodec(types.btf, id, size, what);
}

function keyCodec({ traits, keySize, what: map }: CodedMap, types: MapTypes | undefined): Codec {
  const what = `${map}: key`;
  const byType = typed(types, types?.keyTypeId, keySize, what);
  switch (traits.key) {
    case "index":
      if (keySize === 4) return indexCodec(what);
      break;
    case "prefix":
      return prefixCodec(keySize, what, byType);
    case "cgroup_id":
      return byType ?? cgroupIdCodec(keySize, what);
    case "socket":
    case "task":
    case "inode":
    case "cgroup":
      return storageCodec(traits.key, what);
    case "none":
      return refusingCodec(
        `${map} has no keys: ${traits.value === "none" ? "it has no elements" : "push, pop and peek are for it"}`,
      );
  }
  return byType ?? rawCodec(keySize, what);
}

function valueCodec({ traits, valueSize, flags, what: map }: CodedMap, types: MapTypes | undefined): Codec {
  const what = `${map}: value`;
  switch (traits.value) {
    case "object":
    case "fd":
      return fdCodec(what);
    case "socket":
      return socketCodec(valueSize, what);
    case "none":
      return refusingCodec(`${map} has no elements`);
    case "stack":
      return stackCodec(valueSize, (flags & BpfMapFlag.BPF_F_STACK_BUILD_ID) !== 0, what);
  }
  const byType = typed(types, types?.valueTypeId, valueSize, what);
  if (byType !== undefined) return byType;
  if (traits.value === "device") return redirectCodec("ifindex", valueSize, what);
  if (traits.value === "cpu") return redirectCodec("qsize", valueSize, what);
  return rawCodec(valueSize, what);
}
