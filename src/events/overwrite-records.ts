import { WordView } from "../layout/index.ts";
import { type EventMap, type EventSource, type OnRecord, onMapClose } from "./event-source.ts";
import { HEADER_SIZE, LENGTH_MASK, RecordFlag, RingMemory } from "./ring-memory.ts";

/**
 * Reads a ring buffer with BPF_F_RB_OVERWRITE (Linux 6.19), the oldest record first. The program that writes to the
 * ring does not wait for the reader, and may overwrite a record during the read. So this class copies each record, and
 * passes the copy on only if the program has not overwritten the record meanwhile. The kernel does not count records
 * that were overwritten before they were read.
 */
export class OverwriteRecords implements EventSource {
  readonly lost = 0;
  readonly #map: EventMap;
  readonly #memory: RingMemory;
  #copy = new WordView(new ArrayBuffer(4096));
  #position: number;
  #closed = false;
  #reading = false;

  /** Maps the ring. Throws UsageError for a map of another type. */
  constructor(map: EventMap) {
    this.#map = map;
    this.#memory = new RingMemory(map);
    this.#position = Number(Atomics.load(this.#memory.consumer, 0));
    // Any process that holds the map can store a wrong position. A position beyond the end, or not on a multiple of 8,
    // cannot come from a reader.
    const end = Number(Atomics.load(this.#memory.producer, 0));
    if (this.#position > end || this.#position % 8 !== 0) this.#moveTo(end);
  }

  get fds(): readonly number[] {
    return this.#closed ? [] : [this.#memory.fd];
  }

  read(onRecord: OnRecord, most: number): number {
    if (this.#closed || this.#reading) return 0;
    this.#reading = true;
    let count = 0;
    try {
      while (count < most && !this.#closed) {
        const length = this.#next();
        if (length === undefined) break;
        if (length < 0) continue;
        count++;
        onRecord(this.#copy, 0, length, -1);
      }
    } finally {
      this.#reading = false;
    }
    return count;
  }

  /**
   * Copies the next record and returns its length. Returns -1 if the record must be skipped, and undefined if no record
   * is ready.
   */
  #next(): number | undefined {
    const { producer, overwritten, words, size } = this.#memory;
    const oldest = Number(Atomics.load(overwritten, 0));
    if (this.#position < oldest) this.#moveTo(oldest);
    const start = this.#position;
    if (start >= Number(Atomics.load(producer, 0))) return undefined;
    const at = start % size;
    const header = Atomics.load(words, at >>> 2);
    // If the program overwrites the record during the read, the header may be any number. So limit the length.
    const length = Math.min(header & LENGTH_MASK, size);
    const isBusy = (header & RecordFlag.BUSY) !== 0;
    const isWanted = !isBusy && (header & RecordFlag.DISCARDED) === 0;
    if (isWanted) this.#copyFrom(at + HEADER_SIZE, length);
    if (Number(Atomics.load(overwritten, 0)) > start) return -1;
    if (isBusy) return undefined;
    this.#moveTo(start + ((length + HEADER_SIZE + 7) & ~7));
    return isWanted ? length : -1;
  }

  /**
   * Stores the reader's position in the ring. The kernel wakes the reader for a record that begins at this position.
   */
  #moveTo(position: number): void {
    this.#position = position;
    Atomics.store(this.#memory.consumer, 0, BigInt(position));
  }

  #copyFrom(from: number, length: number): void {
    // The length of the buffer is 0 if the caller has transferred the buffer to another thread.
    if (length > this.#copy.buffer.byteLength)
      this.#copy = new WordView(new ArrayBuffer(2 ** Math.ceil(Math.log2(length))));
    new Uint8Array(this.#copy.buffer).set(this.#memory.bytes.subarray(from, from + length));
  }

  onMapClose(callback: () => void): () => void {
    return onMapClose(this.#map, callback);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#memory.close();
  }
}
