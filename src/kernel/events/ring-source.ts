import { UsageError } from "../../errors/index.ts";
import { closeFd, duplicateFd, type MappedMemory, mapMemory, pageSize } from "../../sys/index.ts";
import { BpfMapType } from "../../uapi/index.ts";
import type { EventMap, EventSource, OnRecord } from "./event-source.ts";

// The memory of a ring buffer (kernel/bpf/ringbuf.c): a page with the consumer's position, which the reader writes; a
// page with the producer's position; the data twice in a row, so that a record that wraps around is in one piece.
// A record is a header (u32 length with two flags, u32) and its bytes, on a multiple of 8. Positions never wrap.

const BUSY = 0x8000_0000 | 0;
const DISCARDED = 0x4000_0000;
const LENGTH = 0x3fff_ffff;
const HEADER_SIZE = 8;

/** So many records share one store of the consumer's position: a store for each takes twice as long as reading them. */
const RECORDS_PER_STORE = 256;

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
  readonly #view: DataView;
  readonly #mask: number;
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
    this.#view = new DataView(data, page, 2 * size);
    this.#mask = size - 1;
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
    const words = this.#words;
    const view = this.#view;
    const mask = this.#mask;
    let position = this.#position;
    let stored = position;
    let offset = position % (mask + 1);
    let count = 0;
    let unstored = 0;
    try {
      for (;;) {
        const end = Number(Atomics.load(this.#producer, 0));
        while (position < end && count < most) {
          const header = Atomics.load(words, offset >>> 2);
          if ((header & BUSY) !== 0) break;
          const length = header & LENGTH;
          const at = offset + HEADER_SIZE;
          const step = (length + HEADER_SIZE + 7) & ~7;
          position += step;
          offset = (offset + step) & mask;
          if (++unstored === RECORDS_PER_STORE) {
            // What lies before a stored position may be overwritten: not this record, which is still to be read.
            stored = position - step;
            Atomics.store(this.#consumer, 0, BigInt(stored));
            unstored = 1;
          }
          if ((header & DISCARDED) !== 0) continue;
          count++;
          onRecord(view, at, length, -1);
          if (this.#closed) return count;
        }
        if (position === stored) return count;
        // A producer wakes the reader only if its record is the next one by the stored position: so a record that was
        // finished before this store would wake nobody, and is looked for once more after it.
        stored = position;
        Atomics.store(this.#consumer, 0, BigInt(position));
        unstored = 0;
        if (count >= most) return count;
      }
    } finally {
      this.#position = position;
      if (!this.#closed && position !== stored) Atomics.store(this.#consumer, 0, BigInt(position));
    }
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
