import { UsageError } from "../errors/index.ts";
import { mapDeleteBatch, mapUpdateBatch } from "../sys/index.ts";
import { BpfElemFlag } from "../uapi/index.ts";
import { hasNoBatches } from "./batch.ts";
import { makeElementBuffer } from "./codec.ts";
import type { MapCodecs } from "./map-codecs.ts";

/** The properties of a map that {@link writeMany} and {@link removeMany} use. A `BpfMap` has them. */
export interface WrittenMap {
  readonly fd: number;
  readonly keySize: number;
  readonly valueBytes: number;
  update(key: Uint8Array, value: Uint8Array, flags: bigint): void;
  remove(key: Uint8Array): boolean;
}

/** The most elements to pass in one system call. */
const MOST_IN_BATCH = 4096;

/** Writes elements in batches, or one by one if the kernel has no batches for the map. */
export function writeMany(
  map: WrittenMap,
  { key, value }: MapCodecs,
  elements: Iterable<readonly [unknown, unknown]>,
  flags: bigint,
): void {
  const keys = makeElementBuffer(MOST_IN_BATCH * map.keySize);
  const values = makeElementBuffer(MOST_IN_BATCH * map.valueBytes);
  // The only flag for elements that a batch accepts is BPF_F_LOCK (generic_map_update_batch, kernel/bpf/syscall.c).
  let oneByOne = key.release !== undefined || (flags & ~BpfElemFlag.BPF_F_LOCK) !== 0n;
  let count = 0;
  const flush = (): void => {
    if (!oneByOne) {
      try {
        mapUpdateBatch(map.fd, keys.bytes, values.bytes, count, { elem_flags: flags });
      } catch (error) {
        if (!hasNoBatches(error)) throw error;
        oneByOne = true;
      }
    }
    if (oneByOne) {
      for (let i = 0; i < count; i++) {
        map.update(
          keys.bytes.subarray(i * map.keySize, (i + 1) * map.keySize),
          values.bytes.subarray(i * map.valueBytes, (i + 1) * map.valueBytes),
          flags,
        );
      }
    }
    count = 0;
  };
  for (const element of listed(elements, "setMany needs an iterable of elements, such as [[key, value], …]")) {
    if (!Array.isArray(element)) throw new UsageError("setMany: each element must be an array [key, value]");
    const [k, v] = element;
    try {
      value.write(values, count * map.valueBytes, v);
      key.write(keys, count * map.keySize, k);
      count++;
      // The key contains an fd that the codec opened and that is closed below. So write this element now.
      if (count === MOST_IN_BATCH || key.release !== undefined) flush();
    } finally {
      key.release?.();
    }
  }
  if (count > 0) flush();
}

/** Deletes elements in batches, or one by one if the kernel has no batches for the map. Returns how many it deleted. */
export function removeMany(map: WrittenMap, { key }: MapCodecs, elements: Iterable<unknown>): number {
  const { keySize } = map;
  const keys = makeElementBuffer(MOST_IN_BATCH * keySize);
  let oneByOne = key.release !== undefined;
  let count = 0;
  let removed = 0;
  const flush = (): void => {
    for (let i = 0; i < count; ) {
      if (!oneByOne) {
        try {
          const done = mapDeleteBatch(map.fd, keys.bytes.subarray(i * keySize, count * keySize), count - i);
          removed += done;
          // The kernel stops a batch at the first key that has no element. Continue after that key.
          i += done + 1;
          continue;
        } catch (error) {
          if (!hasNoBatches(error)) throw error;
          oneByOne = true;
        }
      }
      if (map.remove(keys.bytes.subarray(i * keySize, (i + 1) * keySize))) removed++;
      i++;
    }
    count = 0;
  };
  for (const k of listed(elements, "deleteMany needs an iterable of keys, such as an array")) {
    try {
      key.write(keys, count * keySize, k);
      count++;
      if (count === MOST_IN_BATCH || key.release !== undefined) flush();
    } finally {
      key.release?.();
    }
  }
  if (count > 0) flush();
  return removed;
}

/** Returns `elements`. Throws UsageError with the text `needed` if they cannot be iterated over. */
function listed<T>(elements: Iterable<T>, needed: string): Iterable<T> {
  if (typeof (elements as Partial<Iterable<T>> | null | undefined)?.[Symbol.iterator] === "function") return elements;
  throw new UsageError(needed);
}
