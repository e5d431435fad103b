/** For this many milliseconds records are read before other work of the event loop runs. */
const TURN_MS = 10;
/** If a slice takes less than this many milliseconds, the next slice is larger. */
const QUICK_MS = 1;
const LARGEST_SLICE = 4096;

/**
 * Limits how long a reader reads records before it lets the event loop run. Otherwise timers and signals would wait
 * while programs keep the ring filled. The reader calls {@link isOver} after every {@link slice} records, not after
 * each record, because reading the clock costs as much as reading a record.
 */
export class LoopTurn {
  /**
   * The number of records to read until the next call of {@link isOver}. It is adapted to how long the last records
   * took.
   */
  slice = 64;
  #began: number;
  #sliceBegan: number;

  constructor() {
    this.#began = performance.now();
    this.#sliceBegan = this.#began;
  }

  /** Begins to measure the time of a turn of the event loop. */
  begin(): void {
    this.#began = performance.now();
    this.#sliceBegan = this.#began;
  }

  /** Returns true once other work of the event loop should run. */
  isOver(): boolean {
    const now = performance.now();
    const took = now - this.#sliceBegan;
    this.#sliceBegan = now;
    if (took < QUICK_MS) this.slice = Math.min(2 * this.slice, LARGEST_SLICE);
    else this.slice = Math.max(1, this.slice >>> Math.min(12, Math.ceil(Math.log2(took / QUICK_MS))));
    return now - this.#began >= TURN_MS;
  }

  /** Lets other work of the event loop run, then begins a new turn. */
  async pass(): Promise<void> {
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
    this.begin();
  }
}
