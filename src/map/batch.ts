import { Errno, SyscallError, UsageError } from "../errors/index.ts";

/**
 * The position of a walk in batches, for one map and one walk. Pass the same cursor to each call until `done` is true.
 * A new cursor starts from the beginning.
 */
export class BatchCursor {
  /** No elements follow. */
  done = false;
  /** What the kernel wrote as its position. Only the kernel understands it. */
  readonly place: Uint8Array;
  /** Nothing was read yet. */
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
 * Returns true for the error of a map type that has no batches on this kernel (ENOTSUPP), and of a kernel before 5.6,
 * which does not know the command (EINVAL). The caller then goes on with one element a call. If EINVAL meant a wrong
 * argument, that call fails with it again.
 */
export function hasNoBatches(error: unknown): boolean {
  if (!(error instanceof SyscallError)) return false;
  return error.errno === Errno.ENOTSUPP || error.errno === Errno.EOPNOTSUPP || error.errno === Errno.EINVAL;
}
