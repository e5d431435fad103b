import { UsageError } from "../errors/index.ts";
import { WordView } from "../layout/index.ts";
import { type EventMap, type EventSource, type OnRecord, onMapClose } from "./event-source.ts";
import { RingMemory } from "./ring-memory.ts";

/**
 * The number of bytes to copy at a time. The reader's position is stored once for all records of a copy, because
 * storing it for each record takes twice as long as reading the record.
 */
const RUN_BYTES = 8192;
/** The size of the largest ring. The data is mapped twice, and an offset into both mappings must fit in 31 bits. */
const LARGEST_RING = 0x4000_0000;
/**
 * True on x86, where the processor keeps reads of memory in order. A plain read of a header is enough there, as in
 * libbpf's smp_load_acquire(). Other processors need `Atomics.load()`, which is a call and costs more than the rest of
 * the loop.
 */
const LOADS_IN_ORDER = process.arch === "x64";

/**
 * Reads the records of a ring buffer (Linux 5.8). Use only one reader for a ring, because each record goes to only one
 * reader.
 *
 * The ring's memory is read-only, and a write to it would end the process. So the caller's function gets copies.
 * Several records are copied at a time.
 */
export class RingRecords implements EventSource {
  readonly lost = 0;
  readonly #map: EventMap;
  readonly #memory: RingMemory;
  #copy = new WordView(new ArrayBuffer(2 * RUN_BYTES));
  #copyBytes = new Uint8Array(this.#copy.buffer);
  #copyWords = new Int32Array(this.#copy.buffer);
  #position: number;
  #closed = false;
  #reading = false;

  /** Maps the ring. Throws UsageError for a map of another type, and for a ring of more than a gigabyte. */
  constructor(map: EventMap) {
    this.#map = map;
    this.#memory = new RingMemory(map);
    if (this.#memory.size > LARGEST_RING) {
      this.#memory.close();
      throw new UsageError(`${map.what} is larger than 1 GiB, the largest ring that bpfts can read`);
    }
    this.#position = this.#memory.startPosition();
  }

  get fds(): readonly number[] {
    return this.#closed ? [] : [this.#memory.fd];
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
    // These constants are local variables, because V8 would check a module's constants again for each record. `| 0`
    // tells V8 that an offset is a small integer, so it adds offsets without checks for overflow.
    const discarded = 0x4000_0000 | 0;
    const lengthMask = 0x3fff_ffff | 0;
    const headerSize = 8;
    const memory = this.#memory;
    const size = memory.size;
    let count = 0;
    while (count < most) {
      // The data is mapped twice in a row, so the records to copy never wrap around.
      const start = (this.#position % size) | 0;
      const base = this.#position - start;
      // Each record has at least a header. So this many bytes never contain more records than the caller wants.
      const room = Math.min(RUN_BYTES, headerSize * (most - count));
      const end = this.#finishedEnd(base, start, room);
      // The kernel wakes the reader only for a record that begins at the stored position. For a record that was
      // finished before the last store, it does not wake the reader. So this loop looks for records again after each
      // store.
      if (end === start) {
        memory.restorePosition(this.#position);
        return count;
      }
      const view = this.#copyRun(start, end);
      const words = this.#copyWords;
      const length = (end - start) | 0;
      let at = 0;
      try {
        while (at < length) {
          const header = words[at >>> 2];
          // The caller has transferred the buffer to another thread, so copy the remaining records again.
          if (header === undefined) break;
          const record = (at + headerSize) | 0;
          const next = (record + (((header & lengthMask) + 7) & ~7)) | 0;
          // The copy ends inside this record. The next copy begins with this record.
          if (next > length) break;
          at = next;
          if ((header & discarded) !== 0) continue;
          count = (count + 1) | 0;
          onRecord(view, record, header, -1);
          if (this.#closed === true) return count;
        }
      } finally {
        this.#position = base + start + at;
        // The caller has got all records before this position. Store it, so that the program may overwrite them.
        if (!this.#closed) Atomics.store(memory.consumer, 0, BigInt(this.#position));
      }
    }
    return count;
  }

  /**
   * Returns the offset up to which records can be read: about `room` bytes after `start`, or less if fewer records are
   * finished. All records that begin before this offset are finished. The offset may lie inside a finished record, but
   * only if at least one whole record ends before it.
   */
  #finishedEnd(base: number, start: number, room: number): number {
    const { producer, pending, words } = this.#memory;
    // Since 6.10 the kernel stores a position before which all records are finished. Up to this position, the headers
    // need not be checked.
    if (LOADS_IN_ORDER) {
      const known = Number(Atomics.load(pending, 0)) - base;
      if (known >= start + room && start + stepOf(words[start >>> 2] as number) <= start + room) return start + room;
    }
    const written = (Number(Atomics.load(producer, 0)) - base) | 0;
    const end = acquire(words, start, Math.min(written, start + room) | 0);
    if (end <= written) return end;
    // Another reader has read from this ring, and the program has overwritten the records that this reader would read
    // next. Continue with the next new record.
    this.#position = base + written;
    Atomics.store(this.#memory.consumer, 0, BigInt(this.#position));
    return start;
  }

  /** Copies the records from `start` to `end` and returns a view of the copy. */
  #copyRun(start: number, end: number): WordView {
    const length = end - start;
    if (length > this.#copyBytes.length) {
      this.#copy = new WordView(new ArrayBuffer(2 ** Math.ceil(Math.log2(length))));
      this.#copyBytes = new Uint8Array(this.#copy.buffer);
      this.#copyWords = new Int32Array(this.#copy.buffer);
    }
    this.#copyBytes.set(this.#memory.bytes.subarray(start, end));
    return this.#copy;
  }

  onMapClose(callback: () => void): () => void {
    return onMapClose(this.#map, callback);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#memory.close();
    // If the caller kept the view, it shows zeros from now on, which makes the mistake visible.
    if (this.#copyBytes.length > 0) this.#copyBytes.fill(0);
  }
}

/**
 * Skips the finished records from `start` on. Returns the offset of the first unfinished record, or of the first record
 * at or after `end`.
 */
function acquire(words: Int32Array, start: number, end: number): number {
  let at = start | 0;
  while (at < end) {
    const header = LOADS_IN_ORDER ? (words[at >>> 2] as number) : Atomics.load(words, at >>> 2);
    // The highest bit is set while the program writes the record.
    if (header < 0) break;
    at = (at + stepOf(header)) | 0;
  }
  return at;
}

/** Returns the number of bytes from the beginning of a record to the next one. */
function stepOf(header: number): number {
  return (8 + (((header & 0x3fff_ffff) + 7) & ~7)) | 0;
}
