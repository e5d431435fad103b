import type { EventMap, EventSource, OnRecord } from "./event-source.ts";
import { RingMemory } from "./ring-memory.ts";

/** So many bytes share one store of the reader's position: a store for each record takes twice as long as reading them. */
const RUN_BYTES = 16_384;
/**
 * On x86 no load passes an earlier one, so that there a plain load of a header acquires what was written before it (it
 * is what libbpf's smp_load_acquire() is, too). `Atomics.load()` is a call on Node 20 and costs more than all the rest.
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

  /** Maps the ring. Throws UsageError for another type of map. */
  constructor(map: EventMap) {
    this.#memory = new RingMemory(map);
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
    const busy = 0x8000_0000 | 0;
    const discarded = 0x4000_0000;
    const headerSize = 8;
    const inOrder = LOADS_IN_ORDER;
    const memory = this.#memory;
    const words = memory.words;
    const view = memory.view;
    const size = memory.size;
    let count = 0;
    while (count < most) {
      // The data is there twice, so a run over what is there needs no thought of the end of the ring.
      const start = this.#position % size;
      const base = this.#position - start;
      // A record takes a header at least: so many bytes never hold more than are wanted.
      const room = Math.min(RUN_BYTES, headerSize * (most - count));
      const end = Math.min(Number(Atomics.load(memory.producer, 0)) - base, start + room);
      let at = start;
      try {
        while (at < end) {
          const header = inOrder ? (words[at >>> 2] as number) : Atomics.load(words, at >>> 2);
          if ((header & busy) !== 0) break;
          const record = at + headerSize;
          const length = header & ~discarded;
          at = record + ((length + 7) & ~7);
          if (length !== header) continue;
          count++;
          onRecord(view, record, length, -1);
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
