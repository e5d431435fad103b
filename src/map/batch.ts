import { UsageError } from "../errors/index.ts";

/**
 * Where a walk in batches has come to. Made for one map and good for one walk: `done` when there is no more.
 * The same cursor goes into each call; a new one starts from the beginning.
 */
export class BatchCursor {
  /** No elements follow. */
  done = false;
  /** What the kernel wrote; it means nothing to anybody else. */
  readonly place: Uint8Array;
  /** Nothing was read yet. */
  first = true;
  readonly #map: object;

  constructor(map: { readonly keySize: number }) {
    this.#map = map;
    this.place = new Uint8Array(Math.max(4, map.keySize));
  }

  /** Throws UsageError where the cursor is another map's. */
  check(map: { readonly what: string }): void {
    if (this.#map !== map) throw new UsageError(`${map.what}: the cursor was made for another map`);
  }
}
