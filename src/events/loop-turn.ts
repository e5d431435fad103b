/** Milliseconds for which records are handed out before the event loop gets its turn. */
const TURN_MS = 10;
/** A slice that took less than this many milliseconds lets the next one be larger. */
const QUICK_MS = 1;
const LARGEST_SLICE = 4096;

/**
 * Bounds how long records are handed out without a turn of the event loop: otherwise timers and signals would wait while
 * programs keep the ring filled. The caller works in slices of {@link slice} records and asks {@link isOver} after each. To
 * read the clock for every record would cost as much as reading the record.
 */
export class LoopTurn {
  /** Records until {@link isOver} is to be asked again. It adapts to how long the records take. */
  slice = 64;
  #began: number;
  #sliceBegan: number;

  constructor() {
    this.#began = performance.now();
    this.#sliceBegan = this.#began;
  }

  /** Begins a turn. */
  begin(): void {
    this.#began = performance.now();
    this.#sliceBegan = this.#began;
  }

  /** Returns true once the event loop should get its turn. */
  isOver(): boolean {
    const now = performance.now();
    const took = now - this.#sliceBegan;
    this.#sliceBegan = now;
    if (took < QUICK_MS) this.slice = Math.min(2 * this.slice, LARGEST_SLICE);
    else this.slice = Math.max(1, this.slice >>> Math.min(12, Math.ceil(Math.log2(took / QUICK_MS))));
    return now - this.#began >= TURN_MS;
  }

  /** Lets the event loop have its turn and begins a new one. */
  async pass(): Promise<void> {
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
    this.begin();
  }
}
