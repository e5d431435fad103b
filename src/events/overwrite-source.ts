import { WordView } from "../layout/index.ts";
import type { EventMap, EventSource, OnRecord } from "./event-source.ts";
import { RingMemory } from "./ring-memory.ts";

const BUSY = 0x8000_0000 | 0;
const DISCARDED = 0x4000_0000;
const LENGTH = 0x3fff_ffff;
const HEADER_SIZE = 8;

/**
 * Records of a ring buffer with BPF_F_RB_OVERWRITE (Linux 6.19), the oldest that is left first. Its program heeds no
 * reader and may overwrite a record that is being read: so each is copied, and handed out only if it was whole still
 * afterwards. The kernel keeps no number of those that were overwritten unread.
 */
export class OverwriteSource implements EventSource {
  readonly fds: readonly [number];
  readonly lost = 0;
  readonly #memory: RingMemory;
  readonly #bytes: Uint8Array;
  #copy: WordView;
  #position: number;
  #closed = false;
  #reading = false;

  /** Maps the ring. Throws UsageError for another type of map. */
  constructor(map: EventMap) {
    this.#memory = new RingMemory(map);
    this.fds = [this.#memory.fd];
    const { buffer, byteOffset, byteLength } = this.#memory.view;
    this.#bytes = new Uint8Array(buffer, byteOffset, byteLength);
    this.#copy = new WordView(new ArrayBuffer(4096));
    this.#position = Number(Atomics.load(this.#memory.consumer, 0));
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

  /** Copies the next record: its length, -1 for one that is to be skipped, undefined where none is ready. */
  #next(): number | undefined {
    const { producer, overwritten, words, size } = this.#memory;
    const oldest = Number(Atomics.load(overwritten, 0));
    if (this.#position < oldest) this.#moveTo(oldest);
    const start = this.#position;
    if (start >= Number(Atomics.load(producer, 0))) return undefined;
    const at = start % size;
    const header = Atomics.load(words, at >>> 2);
    // Of one that is overwritten already the header may be anything.
    const length = Math.min(header & LENGTH, size);
    const busy = (header & BUSY) !== 0;
    const wanted = !busy && (header & DISCARDED) === 0;
    if (wanted) this.#take(at + HEADER_SIZE, length);
    if (Number(Atomics.load(overwritten, 0)) > start) return -1;
    if (busy) return undefined;
    this.#moveTo(start + ((length + HEADER_SIZE + 7) & ~7));
    return wanted ? length : -1;
  }

  /** The program wakes the reader for a record that begins at the stored position. */
  #moveTo(position: number): void {
    this.#position = position;
    Atomics.store(this.#memory.consumer, 0, BigInt(position));
  }

  #take(from: number, length: number): void {
    if (length > this.#copy.byteLength) this.#copy = new WordView(new ArrayBuffer(2 ** Math.ceil(Math.log2(length))));
    new Uint8Array(this.#copy.buffer).set(this.#bytes.subarray(from, from + length));
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#memory.close();
  }
}
