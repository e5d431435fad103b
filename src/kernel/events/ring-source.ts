import { UsageError } from "../../errors/index.ts";
import { WordView } from "../../layout/index.ts";
import { closeFd, duplicateFd, type MappedMemory, mapMemory, pageSize } from "../../sys/index.ts";
import { BpfMapType } from "../../uapi/index.ts";
import type { EventMap, EventSource, OnRecord } from "./event-source.ts";

// The memory of a ring buffer (kernel/bpf/ringbuf.c): a page with the consumer's position, which the reader writes; a
// page with the producer's position; the data twice in a row, so that a record that wraps around is in one piece.
// A record is a header (u32 length with two flags, u32) and its bytes, on a multiple of 8. Positions never wrap.

/** So many bytes share one store of the reader's position: a store for each record takes twice as long as reading them. */
const RUN_BYTES = 16_384;
/**
 * On x86 no load passes an earlier one, so that there a plain load of a header acquires what was written before it (it
 * is what libbpf's smp_load_acquire() is, too). `Atomics.load()` is a call on Node 20 and costs more than all the rest.
 */
const LOADS_IN_ORDER = process.arch === "x64";

/** A BPF_MAP_TYPE_RINGBUF (Linux 5.8) in this process's memory. A ring has one reader: two would steal from each other. */
export class RingSource implements EventSource {
  /** An fd of its own: to wait for one that the map's owner has closed would be to wait for another file. */
  readonly fds: readonly [number];
  readonly lost = 0;
  readonly #consumerMemory: MappedMemory;
  readonly #dataMemory: MappedMemory;
  readonly #consumer: BigInt64Array;
  readonly #producer: BigInt64Array;
  /** The data as words, for the headers. */
  readonly #words: Int32Array;
  readonly #view: WordView;
  readonly #size: number;
  #position: number;
  #closed = false;
  #reading = false;

  /** Maps the ring. Throws UsageError for another type of map. */
  constructor(map: EventMap) {
    if (map.type !== BpfMapType.BPF_MAP_TYPE_RINGBUF) {
      throw new UsageError(`${map.what} is a ${map.typeName}, not a ringbuf`);
    }
    const page = pageSize();
    const size = map.maxEntries;
    const fd = duplicateFd(map.fd);
    let consumer: MappedMemory | undefined;
    try {
      consumer = mapMemory(fd, { length: page, writable: true }, `${map.what}: consumer page`);
      // The kernel refuses to map these pages for writing.
      this.#dataMemory = mapMemory(fd, { length: page + 2 * size, offset: page }, `${map.what}: data`);
    } catch (error) {
      consumer?.close();
      closeFd(fd);
      throw error;
    }
    this.fds = [fd];
    this.#consumerMemory = consumer;
    const data = this.#dataMemory.buffer;
    this.#consumer = new BigInt64Array(this.#consumerMemory.buffer, 0, 1);
    this.#producer = new BigInt64Array(data, 0, 1);
    this.#words = new Int32Array(data, page, size / 2);
    this.#view = new WordView(data, page, 2 * size);
    this.#size = size;
    this.#position = Number(Atomics.load(this.#consumer, 0));
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
    const words = this.#words;
    const view = this.#view;
    const size = this.#size;
    let count = 0;
    while (count < most) {
      // The data is there twice, so a run over what is there needs no thought of the end of the ring.
      const start = this.#position % size;
      const base = this.#position - start;
      // A record takes a header at least: so many bytes never hold more than are wanted.
      const room = Math.min(RUN_BYTES, headerSize * (most - count));
      const end = Math.min(Number(Atomics.load(this.#producer, 0)) - base, start + room);
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
        if (!this.#closed && at !== start) Atomics.store(this.#consumer, 0, BigInt(this.#position));
      }
    }
    return count;
  }

  /** Bytes between the reader's position and the producer's. */
  get available(): number {
    return this.#closed ? 0 : Number(Atomics.load(this.#producer, 0)) - this.#position;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#consumerMemory.close();
    this.#dataMemory.close();
    closeFd(this.fds[0]);
  }
}
