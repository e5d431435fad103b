import { UsageError } from "../errors/index.ts";
import type { EventMap, EventSource, OnRecord } from "./event-source.ts";
import { RingMemory } from "./ring-memory.ts";

/** So many bytes share one store of the reader's position: a store for each record takes twice as long as reading them. */
const RUN_BYTES = 16_384;
/** Places in its memory, which has the data twice, take 31 bits. */
const LARGEST_RING = 0x4000_0000;
/**
 * On x86 no load passes an earlier one, so that there a plain load of a header acquires what was written before it (it
 * is what libbpf's smp_load_acquire() is, too). Elsewhere `Atomics.load()` does, a call that costs more than all the rest.
 */
const LOADS_IN_ORDER = process.arch === "x64";

/** Records of a ring buffer (Linux 5.8), where they lie. A ring has one reader: two would steal from each other. */
export class RingSource implements EventSource {
  readonly fds: readonly [number];
  readonly lost = 0;
  readonly #memory: RingMemory;
  #position: number;
  #closed = false;
  #reading = false;

  /** Maps the ring. Throws UsageError for another type of map, and for a ring of more than a gigabyte. */
  constructor(map: EventMap) {
    this.#memory = new RingMemory(map);
    if (this.#memory.size > LARGEST_RING) {
      this.#memory.close();
      throw new UsageError(`${map.what} is larger than the 1 GiB that can be read`);
    }
    this.fds = [this.#memory.fd];
    this.#position = Number(Atomics.load(this.#memory.consumer, 0));
  }

  read(onRecord: OnRecord, most: number): number {
    if (this.#closed || this.#reading) return 0;
    this.#reading = true;
    try {
      return this.#read(onRecord, most);
    } finally {
      this.#reading = false;
    }
  }

  #read(onRecord: OnRecord, most: number): number {
    // Constants of its own: of a module's the engine does not know that they stay, and checks them for each record.
    // `| 0` says that a place in the ring is a small integer, which it then counts with without looking for overflows.
    const flags = 0xc000_0000 | 0;
    const headerSize = 8;
    const memory = this.#memory;
    const words = memory.words;
    const view = memory.view;
    const size = memory.size;
    let count = 0;
    while (count < most) {
      // The data is there twice, so a run over what is there needs no thought of the end of the ring.
      const start = (this.#position % size) | 0;
      const base = this.#position - start;
      // A record takes a header at least: so many bytes never hold more than are wanted.
      const room = Math.min(RUN_BYTES, headerSize * (most - count));
      const written = Math.min(Number(Atomics.load(memory.producer, 0)) - base, start + room) | 0;
      const end = LOADS_IN_ORDER ? written : acquire(words, start, written);
      let at = start;
      try {
        while (at < end) {
          const header = words[at >>> 2] as number;
          const record = (at + headerSize) | 0;
          if ((header & flags) !== 0) {
            // Busy is the highest bit; the other says that the record was discarded.
            if (header < 0) break;
            at = (record + (((header & ~flags) + 7) & ~7)) | 0;
            continue;
          }
          at = (record + ((header + 7) & ~7)) | 0;
          count = (count + 1) | 0;
          onRecord(view, record, header, -1);
          if (this.#closed === true) return count;
        }
        // A producer wakes the reader only if its record is the next one by the stored position: so a record that was
        // finished before the store below would wake nobody, and is looked for once more after it.
        if (at === start) return count;
      } finally {
        this.#position = base + at;
        // What lies before the stored position may be overwritten; all that was handed out may.
        if (!this.#closed && at !== start) Atomics.store(memory.consumer, 0, BigInt(this.#position));
      }
    }
    return count;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#memory.close();
  }
}

/** Acquires the records from `start` to `end`: where the first that is not finished begins. */
function acquire(words: Int32Array, start: number, end: number): number {
  let at = start;
  while (at < end) {
    const header = Atomics.load(words, at >>> 2);
    if (header < 0) break;
    at += 8 + (((header & 0x3fff_ffff) + 7) & ~7);
  }
  return Math.min(at, end);
}
