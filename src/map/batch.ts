import { Errno, SyscallError, UsageError } from "../errors/index.ts";

/**
 * The position of a walk in batches. A cursor belongs to one map and one walk. Pass the same cursor to each call until
 * `done` is true. A new cursor starts from the beginning.
 */
export class BatchCursor {
  /** True if no elements follow. */
  done = false;
  /** The position as the kernel wrote it. Only the kernel understands these bytes. */
  readonly place: Uint8Array;
  /** True if nothing was read yet. */
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
 * Returns true for the error of a map that has no batches: ENOTSUPP if this kernel has none for the map's type, EINVAL
 * before 5.6, which does not know the command. The caller then uses one call for each element. EINVAL can also mean a
 * wrong argument, but then that call fails with it again.
 */
export function hasNoBatches(error: unknown): boolean {
  if (!(error instanceof SyscallError)) return false;
  return error.errno === Errno.ENOTSUPP || error.errno === Errno.EOPNOTSUPP || error.errno === Errno.EINVAL;
}
