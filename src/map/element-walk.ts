import { BpfError, Errno, SyscallError, UsageError } from "../errors/index.ts";
import {
  type BatchStep,
  type ElementBuffer,
  mapGetNextKey,
  mapLookupAndDeleteBatch,
  mapLookupBatch,
  mapLookupElem,
} from "../sys/index.ts";
import { mapTypeName } from "../uapi/index.ts";
import { hasNoBatches } from "./batch.ts";
import { makeElementBuffer } from "./codec.ts";
import { hasKeyList, type MapTraits } from "./map-type-traits.ts";

/** The properties of a map that a walk needs. A `BpfMap` has them. */
export interface WalkedMap {
  readonly what: string;
  readonly fd: number;
  readonly type: number;
  readonly keySize: number;
  readonly maxEntries: number;
  readonly traits: MapTraits;
  /** The size in bytes of one element's value in a system call. */
  readonly valueBytes: number;
}

/** Some elements of a map, one after another in the same buffers. The next chunk overwrites these buffers. */
export interface Chunk {
  readonly count: number;
  readonly keys: ElementBuffer;
  readonly values: ElementBuffer;
  /** One errno for each element: 0 if its value was read. Undefined if all values were read. */
  readonly errnos: Int32Array | undefined;
}

/**
 * The size of a chunk in bytes: its keys and values. It is large enough that the cost of entering the kernel does not
 * matter.
 */
const CHUNK_BYTES = 1 << 18;
const MOST_IN_BATCH = 8192;
/**
 * The most elements of a chunk if the kernel has no batches. The number is small, because the values of a large chunk
 * would be old when the caller sees them.
 */
const MOST_ONE_BY_ONE = 256;

/**
 * Reads the elements of a map in chunks. It uses batches if the kernel has them for this map type (hashes and arrays
 * since 5.6, per-CPU arrays since 5.13), otherwise one call for each element. If an element is deleted during the walk,
 * the walk skips the element or yields its old value. If an element is added, the walk may miss it. In batches, no
 * element of a hash appears twice. With `take`, the kernel also deletes the elements of each batch that it reads.
 * `take` fails if the kernel has no batches for this map type.
 *
 * Throws UsageError for a map whose elements the kernel does not list. Throws BpfError ABORTED if the map changes so
 * much that the walk does not reach its end.
 */
export function* chunksOf(map: WalkedMap, options: { take?: boolean } = {}): Generator<Chunk, void, undefined> {
  checkKeyList(map);
  const read = options.take === true ? mapLookupAndDeleteBatch : mapLookupBatch;
  const cursor = new Uint8Array(Math.max(4, map.keySize));
  let capacity = capacityOf(map, MOST_IN_BATCH);
  let keys = makeElementBuffer(capacity * map.keySize);
  let values = makeElementBuffer(capacity * map.valueBytes);
  let seen = 0;
  for (let first = true; ; ) {
    let step: BatchStep;
    try {
      step = read(map.fd, cursor, first, keys.bytes, values.bytes, capacity);
    } catch (error) {
      if (options.take === true || !hasNoBatches(error)) throw error;
      yield* oneByOne(map, first ? undefined : cursor.subarray(0, map.keySize));
      return;
    }
    if (step.tooSmall) {
      capacity *= 2;
      keys = makeElementBuffer(capacity * map.keySize);
      values = makeElementBuffer(capacity * map.valueBytes);
      continue;
    }
    if (step.count > 0) {
      first = false;
      seen += step.count;
      yield { count: step.count, keys, values, errnos: undefined };
    }
    if (step.done) return;
    if (step.interrupted && options.take !== true) {
      yield* oneByOne(map, first ? undefined : cursor.subarray(0, map.keySize));
      return;
    }
    if (seen > 2 * map.maxEntries + 1024) throw aborted(map);
  }
}

/** Throws UsageError for a map whose keys the kernel does not list. */
export function checkKeyList(map: Pick<WalkedMap, "what" | "type" | "traits">): void {
  if (hasKeyList(map.traits)) return;
  const name = mapTypeName(map.type) ?? map.type;
  if (map.traits.key !== "none") {
    throw new UsageError(
      `the elements of ${map.what} (${name}) cannot be listed: the kernel lists them only to iterator programs; look up single elements instead`,
    );
  }
  throw new UsageError(`the elements of ${map.what} (${name}) cannot be listed: a map of this type has no keys`);
}

function capacityOf(map: WalkedMap, most: number): number {
  const fit = Math.floor(CHUNK_BYTES / Math.max(1, map.keySize + map.valueBytes));
  // If the buffers have space for more elements than the map can have, the first call also reports the end of the map.
  return Math.max(1, Math.min(most, fit, map.maxEntries + 1));
}

/**
 * Reads the elements after the key `from` one by one. Before it yields a chunk, it looks up the key that follows, so
 * that the caller may delete all elements of the chunk. If another process deletes the key from which the walk
 * continues, the kernel starts again from the first key. The walk then skips keys that it has seen before.
 */
function* oneByOne(map: WalkedMap, from: Uint8Array | undefined): Generator<Chunk, void, undefined> {
  const { keySize, valueBytes } = map;
  const capacity = capacityOf(map, MOST_ONE_BY_ONE);
  const keys = makeElementBuffer(capacity * keySize);
  const values = makeElementBuffer(capacity * valueBytes);
  const errnos = new Int32Array(capacity);
  const known = map.traits.key === "index" ? undefined : new Set<string>();
  const value = new Uint8Array(valueBytes);
  let key = nextKey(map, from);
  let steps = 0;
  while (key !== undefined) {
    let count = 0;
    let failed = false;
    for (; key !== undefined && count < capacity; key = nextKey(map, key)) {
      if (++steps > 2 * map.maxEntries + 1024) throw aborted(map);
      if (known !== undefined) {
        const text = String.fromCharCode(...key);
        if (known.has(text)) continue;
        known.add(text);
      }
      const errno = lookup(map.fd, key, value);
      if (errno === 0) values.bytes.set(value, count * valueBytes);
      else failed = true;
      errnos[count] = errno;
      keys.bytes.set(key, count * keySize);
      count++;
    }
    if (count > 0) yield { count, keys, values, errnos: failed ? errnos : undefined };
  }
}

function nextKey(map: WalkedMap, key: Uint8Array | undefined): Uint8Array | undefined {
  const next = new Uint8Array(map.keySize);
  return mapGetNextKey(map.fd, key, next) ? next : undefined;
}

function lookup(fd: number, key: Uint8Array, value: Uint8Array): number {
  try {
    return mapLookupElem(fd, key, value) ? 0 : Errno.ENOENT;
  } catch (error) {
    if (error instanceof SyscallError) return error.errno;
    throw error;
  }
}

function aborted(map: WalkedMap): BpfError {
  return new BpfError(
    "ABORTED",
    `the walk over ${map.what} was stopped: the map changes faster than bpfts can read it`,
  );
}
