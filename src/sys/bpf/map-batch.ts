import { Errno } from "../../errors/index.ts";
import { BpfCmd, BpfMapBatchAttr } from "../../uapi/index.ts";
import { beginCall, placeBytes, placeOwn, placeRoom } from "../call-buffer.ts";
import { lengthOf } from "../ffi.ts";
import { commandError, tryCommand } from "./command.ts";
import { checkBatchRoom } from "./map-element.ts";

/** Flags of a batch: `elem_flags` apply to each element (BPF_F_LOCK), `flags` to the batch itself. */
export interface BatchOptions {
  readonly elem_flags?: bigint | undefined;
  readonly flags?: bigint | undefined;
}

/** One step of a walk over a map in batches. */
export interface BatchStep {
  /** How many elements were written into `keys` and `values`. */
  readonly count: number;
  /** True if the end of the map is reached. */
  readonly done: boolean;
  /** True if one bucket of the hash did not fit the buffers (ENOSPC). Nothing was read: retry with larger buffers. */
  readonly tooSmall: boolean;
  /**
   * True if the kernel stopped at an element that it could not read, such as a deleted one (EINTR). Always false for
   * hashes.
   */
  readonly interrupted: boolean;
}

/**
 * Reads the next elements of a map, at most `count`, into `keys` and `values`. `cursor` is the position in the map. It
 * is a buffer as long as a key, but at least 4 bytes, and each step updates it. If `first` is true, the step starts at
 * the beginning of the map and ignores the cursor.
 */
export function mapLookupBatch(
  fd: number,
  cursor: Uint8Array,
  first: boolean,
  keys: Uint8Array,
  values: Uint8Array,
  count: number,
  options: BatchOptions = {},
): BatchStep {
  return readBatch(BpfCmd.BPF_MAP_LOOKUP_BATCH, fd, cursor, first, keys, values, count, options);
}

/** Does the same as {@link mapLookupBatch}, and also deletes the elements that it reads. */
export function mapLookupAndDeleteBatch(
  fd: number,
  cursor: Uint8Array,
  first: boolean,
  keys: Uint8Array,
  values: Uint8Array,
  count: number,
  options: BatchOptions = {},
): BatchStep {
  return readBatch(BpfCmd.BPF_MAP_LOOKUP_AND_DELETE_BATCH, fd, cursor, first, keys, values, count, options);
}

function readBatch(
  cmd: BpfCmd,
  fd: number,
  cursor: Uint8Array,
  first: boolean,
  keys: Uint8Array,
  values: Uint8Array,
  count: number,
  options: BatchOptions,
): BatchStep {
  const keyBytes = checkBatchRoom(fd, keys, values, count);
  const callBuffer = beginCall();
  const next = placeRoom(Math.max(keyBytes, 4));
  BpfMapBatchAttr.fill(callBuffer.view, 0, {
    in_batch: first ? 0 : placeBytes(cursor),
    out_batch: next.address,
    keys: placeOwn(keys),
    values: placeOwn(values),
    count,
    map_fd: fd,
    elem_flags: options.elem_flags ?? 0n,
    flags: options.flags ?? 0n,
  });
  const result = tryCommand(callBuffer, cmd, BpfMapBatchAttr.size);
  const read = callBuffer.view.getUint32(BpfMapBatchAttr.offsets.count, true);
  if (result === -Errno.ENOSPC) return { count: 0, done: false, tooSmall: true, interrupted: false };
  // ENOENT means that the end is reached. The elements before the end were read.
  const interrupted = result === -Errno.EINTR;
  if (result < 0 && result !== -Errno.ENOENT && !interrupted) throw commandError(cmd, -result, { needs: ["CAP_BPF"] });
  // The kernel writes no cursor if it read no element (generic_map_lookup_batch in kernel/bpf/syscall.c).
  if (read > 0) cursor.set(next.bytes.subarray(0, lengthOf(cursor)));
  return { count: read, done: result < 0 && !interrupted, tooSmall: false, interrupted };
}

/**
 * Writes `count` elements and returns `count`. Throws SyscallError if an element cannot be written; the elements before
 * it stay written.
 */
export function mapUpdateBatch(
  fd: number,
  keys: Uint8Array,
  values: Uint8Array,
  count: number,
  options: BatchOptions = {},
): number {
  return writeBatch(BpfCmd.BPF_MAP_UPDATE_BATCH, fd, keys, values, count, options);
}

/**
 * Deletes the elements with the first `count` keys of `keys`. Stops at a key that the map does not have (ENOENT).
 * Returns the number of deleted elements.
 */
export function mapDeleteBatch(fd: number, keys: Uint8Array, count: number, options: BatchOptions = {}): number {
  return writeBatch(BpfCmd.BPF_MAP_DELETE_BATCH, fd, keys, undefined, count, options);
}

function writeBatch(
  cmd: BpfCmd,
  fd: number,
  keys: Uint8Array,
  values: Uint8Array | undefined,
  count: number,
  options: BatchOptions,
): number {
  checkBatchRoom(fd, keys, values, count);
  const callBuffer = beginCall();
  BpfMapBatchAttr.fill(callBuffer.view, 0, {
    keys: placeBytes(keys),
    values: placeBytes(values),
    count,
    map_fd: fd,
    elem_flags: options.elem_flags ?? 0n,
    flags: options.flags ?? 0n,
  });
  const result = tryCommand(callBuffer, cmd, BpfMapBatchAttr.size);
  const written = callBuffer.view.getUint32(BpfMapBatchAttr.offsets.count, true);
  if (result < 0 && !(result === -Errno.ENOENT && cmd === BpfCmd.BPF_MAP_DELETE_BATCH)) {
    // The kernel updates the count only once it has begun with the elements. If it refuses the attr, or fails with
    // EFAULT, the count is unchanged.
    const subject = written < count ? `after ${written} of ${count} elements` : undefined;
    throw commandError(cmd, -result, { needs: ["CAP_BPF"], ...(subject === undefined ? {} : { subject }) });
  }
  return written;
}
