import type { TypeId } from "../btf/index.ts";
import { type ElementBuffer, elementPlaces, possibleCpus } from "../sys/index.ts";
import { BpfMapFlag } from "../uapi/index.ts";
import {
  type Codec,
  indexCodec,
  makeElementBuffer,
  perCpuCodec,
  rawCodec,
  refusingCodec,
  typedCodec,
} from "./codec.ts";
import { cgroupIdCodec, fdCodec, redirectCodec, socketCodec, stackCodec, storageCodec } from "./kernel-codecs.ts";
import type { MapTraits } from "./map-type-traits.ts";
import type { MapTypes } from "./map-types.ts";
import { prefixCodec } from "./prefix-codec.ts";

/** The buffers for the bytes of a key and a value. */
export interface ElementBuffers {
  readonly key: ElementBuffer;
  readonly value: ElementBuffer;
}

/** The codecs of one map, with a buffer for one element. */
export class MapCodecs {
  readonly key: Codec;
  /** The codec for an element's whole value. In a per-CPU map this is an array with the values of all CPUs. */
  readonly value: Codec;
  /** The codec for the value of one CPU in a per-CPU map. */
  readonly one: Codec;
  /**
   * The buffers from which system calls read the key and the value. All maps share them. So use them only for numbers
   * and texts: encoding an object may run its getters, and a getter may use another map.
   */
  readonly places: ElementBuffers | undefined;
  readonly #buffers: ElementBuffers;
  #isBusy = false;

  constructor(map: CodedMap, types: MapTypes | undefined) {
    this.key = keyCodec(map, types);
    this.one = valueCodec(map, types);
    this.value = map.traits.perCpu ? perCpuCodec(this.one, possibleCpus(), `${map.what}: value`) : this.one;
    this.places = elementPlaces(this.key.size, this.value.size);
    this.#buffers = this.#allocate();
  }

  /**
   * Returns buffers for one element, to use until `end()`. Encoding an object may run its getters, and a getter may use
   * the same map. Such an inner call gets buffers of its own.
   */
  begin(): ElementBuffers {
    if (this.#isBusy) return this.#allocate();
    this.#isBusy = true;
    return this.#buffers;
  }

  /** Marks the buffers of {@link begin} as free, and closes the fd that the key codec opened. */
  end(buffers: ElementBuffers): void {
    if (buffers === this.#buffers) this.#isBusy = false;
    if (this.key.release !== undefined) this.key.release();
  }

  #allocate(): ElementBuffers {
    return { key: makeElementBuffer(this.key.size), value: makeElementBuffer(this.value.size) };
  }
}

/** The properties of a map on which its codecs depend. */
export interface CodedMap {
  readonly what: string;
  readonly traits: MapTraits;
  readonly keySize: number;
  readonly valueSize: number;
  readonly flags: number;
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
        `${map} has no keys: ${traits.value === "none" ? "it has no elements" : "use push, pop and peek"}`,
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
