import { Errno, SyscallError } from "../errors/index.ts";
import { mapDeleteBatch, mapUpdateBatch } from "../sys/index.ts";
import { BpfElemFlag } from "../uapi/index.ts";
import type { MapCodecs } from "./map-codecs.ts";
import { makeRoom } from "./room.ts";

/** The map, as far as many elements at once need it. */
export interface ManyMap {
  readonly fd: number;
  readonly keySize: number;
  readonly valueBytes: number;
  update(key: Uint8Array, value: Uint8Array, flags: bigint): void;
  remove(key: Uint8Array): boolean;
}

/** So many elements go into one system call. */
const MOST = 4096;

/** Whether a type of map has no batches, on this kernel. */
function isWithoutBatch(error: unknown): boolean {
  return error instanceof SyscallError && (error.errno === Errno.ENOTSUPP || error.errno === Errno.EOPNOTSUPP);
}

/** Writes elements in batches, or one by one where this type of map has no batches. */
export function writeMany(
  map: ManyMap,
  { key, value }: MapCodecs,
  elements: Iterable<readonly [unknown, unknown]>,
  flags: bigint,
): void {
  const keys = makeRoom(MOST * map.keySize);
  const values = makeRoom(MOST * map.valueBytes);
  // Of an element's flags a batch takes BPF_F_LOCK alone (generic_map_update_batch, kernel/bpf/syscall.c).
  let singly = key.release !== undefined || (flags & ~BpfElemFlag.BPF_F_LOCK) !== 0n;
  let count = 0;
  const flush = (): void => {
    if (!singly) {
      try {
        mapUpdateBatch(map.fd, keys.bytes, values.bytes, count, { elem_flags: flags });
      } catch (error) {
        if (!isWithoutBatch(error)) throw error;
        singly = true;
      }
    }
    if (singly) {
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
  for (const [k, v] of elements) {
    try {
      key.write(keys, count * map.keySize, k);
      value.write(values, count * map.valueBytes, v);
      count++;
      // A key that was opened for the call is good for this call only.
      if (count === MOST || key.release !== undefined) flush();
    } finally {
      key.release?.();
    }
  }
  if (count > 0) flush();
}

/** Deletes elements in batches; returns how many there were. */
export function removeMany(map: ManyMap, { key }: MapCodecs, elements: Iterable<unknown>): number {
  const { keySize } = map;
  const keys = makeRoom(MOST * keySize);
  let singly = key.release !== undefined;
  let count = 0;
  let removed = 0;
  const flush = (): void => {
    for (let i = 0; i < count; ) {
      if (!singly) {
        try {
          const done = mapDeleteBatch(map.fd, keys.bytes.subarray(i * keySize, count * keySize), count - i);
          removed += done;
          // A batch ends at a key that is not there.
          i += done + 1;
          continue;
        } catch (error) {
          if (!isWithoutBatch(error)) throw error;
          singly = true;
        }
      }
      if (map.remove(keys.bytes.subarray(i * keySize, (i + 1) * keySize))) removed++;
      i++;
    }
    count = 0;
  };
  for (const k of elements) {
    try {
      key.write(keys, count * keySize, k);
      count++;
      if (count === MOST || key.release !== undefined) flush();
    } finally {
      key.release?.();
    }
  }
  if (count > 0) flush();
  return removed;
}
