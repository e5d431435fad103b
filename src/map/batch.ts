import { Errno, SyscallError, UsageError } from "../errors/index.ts";

/**
 * The position of a caller that reads a map batch by batch. Pass the same cursor to each call until `done` is true. Use
 * a cursor for only one map. A new cursor starts at the beginning of the map.
 */
export class BatchCursor {
  /** True once the walk has reached the end of the map. */
  done = false;
  /** The position as the kernel wrote it. Only the kernel understands these bytes. */
  readonly place: Uint8Array;
  /** True until the first elements were read. */
  first = true;
  readonly #map: object;

  constructor(map: { readonly keySize: number }) {
    this.#map = map;
    this.place = new Uint8Array(Math.max(4, map.keySize));
  }

  /** Throws UsageError if the cursor was made for another map. */
  check(map: { readonly what: string }): void {
    if (this.#map !== map) throw new UsageError(`${map.what}: the cursor was made for another map`);
  }
}

/**
 * Returns true for the error of a batch command that the kernel does not have: ENOTSUPP if it has no batches for the
 * map's type, EINVAL if it has no batches at all (before 5.6). The caller then makes one call for each element. EINVAL
 * can also mean a wrong argument. In this case the call for the first element fails with EINVAL too, so the error is
 * not lost.
 */
export function hasNoBatches(error: unknown): boolean {
  if (!(error instanceof SyscallError)) return false;
  return error.errno === Errno.ENOTSUPP || error.errno === Errno.EOPNOTSUPP || error.errno === Errno.EINVAL;
}
