import { BpfError, Errno, SyscallError, UsageError } from "../errors/index.ts";
import { type BatchStep, mapGetNextKey, mapLookupAndDeleteBatch, mapLookupBatch, mapLookupElem } from "../sys/index.ts";
import { mapTypeName } from "../uapi/index.ts";
import { hasKeyList, type MapTraits } from "./map-type-traits.ts";
import { makeRoom, type Room } from "./room.ts";

/** What a walk must know of a map; a `BpfMap` is one. */
export interface WalkedMap {
  readonly what: string;
  readonly fd: number;
  readonly type: number;
  readonly keySize: number;
  readonly maxEntries: number;
  readonly traits: MapTraits;
  /** Bytes of one element's value in a system call. */
  readonly valueBytes: number;
}

/** Some elements of a map, one behind the other. Its memory is used again for the next ones. */
export interface Chunk {
  readonly count: number;
  readonly keys: Room;
  readonly values: Room;
  /** For each element 0, or the errno with which its value could not be read; undefined where all were. */
  readonly errnos: Int32Array | undefined;
}

/** A chunk's keys and values take about so many bytes: what a system call costs is little beside reading them. */
const CHUNK_BYTES = 1 << 18;
const MOST = 8192;
/** Chunks of a map that has no batches are small: what is read too far ahead is old when it is looked at. */
const MOST_SINGLY = 256;

/**
 * A map's elements in chunks: by batch where the kernel has it for this type of map (hashes and arrays since 5.6,
 * per-CPU arrays since 5.13), otherwise one by one. Elements that others delete meanwhile are left out or may be seen as
 * they were, those that they add may be seen or not; a hash that is read in batches shows no element twice.
 * With `take` what is read is deleted in the same step, by batch only.
 *
 * Throws UsageError for a map whose elements the kernel does not list, BpfError ABORTED where changes to the map keep
 * the walk from its end.
 */
export function* chunksOf(map: WalkedMap, options: { take?: boolean } = {}): Generator<Chunk, void, undefined> {
  checkKeyList(map);
  const read = options.take === true ? mapLookupAndDeleteBatch : mapLookupBatch;
  const cursor = new Uint8Array(Math.max(4, map.keySize));
  let capacity = capacityOf(map, MOST);
  let keys = makeRoom(capacity * map.keySize);
  let values = makeRoom(capacity * map.valueBytes);
  let seen = 0;
  for (let first = true; ; ) {
    let step: BatchStep;
    try {
      step = read(map.fd, cursor, first, keys.bytes, values.bytes, capacity);
    } catch (error) {
      if (options.take === true || !isWithoutBatch(error)) throw error;
      yield* singly(map, first ? undefined : cursor.subarray(0, map.keySize));
      return;
    }
    if (step.tooSmall) {
      capacity *= 2;
      keys = makeRoom(capacity * map.keySize);
      values = makeRoom(capacity * map.valueBytes);
      continue;
    }
    if (step.count > 0) {
      first = false;
      seen += step.count;
      yield { count: step.count, keys, values, errnos: undefined };
    }
    if (step.done) return;
    if (step.interrupted && options.take !== true) {
      yield* singly(map, first ? undefined : cursor.subarray(0, map.keySize));
      return;
    }
    if (seen > 2 * map.maxEntries + 1024) throw aborted(map);
  }
}

/** Throws UsageError for a map whose keys the kernel does not list, with what to do instead. */
export function checkKeyList(map: Pick<WalkedMap, "what" | "type" | "traits">): void {
  if (hasKeyList(map.traits)) return;
  const name = mapTypeName(map.type) ?? `map of type ${map.type}`;
  if (map.traits.key !== "none") {
    throw new UsageError(
      `${map.what} is a ${name}: the kernel lists its elements for an iterator program only; a single one can be looked up`,
    );
  }
  throw new UsageError(`${map.what} is a ${name}: it has no keys to list its elements by`);
}

function capacityOf(map: WalkedMap, most: number): number {
  const fit = Math.floor(CHUNK_BYTES / Math.max(1, map.keySize + map.valueBytes));
  // One more than there can be lets the kernel say at once that it has reached the end.
  return Math.max(1, Math.min(most, fit, map.maxEntries + 1));
}

/** Kernels answer ENOTSUPP where a type of map has no batches; offloaded maps EINVAL. */
export function isWithoutBatch(error: unknown): boolean {
  if (!(error instanceof SyscallError)) return false;
  return error.errno === Errno.ENOTSUPP || error.errno === Errno.EOPNOTSUPP || error.errno === Errno.EINVAL;
}

/**
 * The elements one by one from the one after `from`. The key after a chunk is asked for before the chunk is given out,
 * so that all of it may be deleted; still a walk starts over when the key that it stands on is deleted by somebody else,
 * and what was seen before is then left out.
 */
function* singly(map: WalkedMap, from: Uint8Array | undefined): Generator<Chunk, void, undefined> {
  const { keySize, valueBytes } = map;
  const capacity = capacityOf(map, MOST_SINGLY);
  const keys = makeRoom(capacity * keySize);
  const values = makeRoom(capacity * valueBytes);
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
  return new BpfError("ABORTED", `${map.what} changed so much that a walk over it came to no end`);
}
