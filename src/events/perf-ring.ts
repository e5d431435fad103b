import { type MappedMemory, mapMemory, pageSize, perfEventPauseOutput } from "../sys/index.ts";
import { PerfMmapPage, PerfRecord } from "../uapi/index.ts";
import type { OnRecord } from "./event-source.ts";

// A perf ring (struct perf_event_mmap_page in include/uapi/linux/perf_event.h) is a control page with the kernel's
// position (data_head) and the reader's position (data_tail), then the data. A record is a header (u32 type, u16 misc,
// u16 size) followed by the sampled fields. Here these are u64 time, u32 length, and the program's bytes. A record that
// crosses the end of the data is in two pieces.
//
// The kernel lets no process write to the data, not even in a writable mapping: a write ends the process (SIGBUS). So
// the caller's function gets copies. Several records are copied at a time.

const HEADER_SIZE = 8;
const LARGEST_RECORD = 0x10000;
/** The number of bytes that are copied at a time. */
const RUN_BYTES = 0x4000;
/** The number of bytes in a sample before the program's bytes: the header, the time and the length. */
const SAMPLE_HEADER = HEADER_SIZE + 12;

/**
 * Called when the kernel reports that it dropped `count` records on a CPU because the ring was full. `id` is the perf
 * event's id.
 */
export type OnLost = (count: number, cpu: number, id: bigint) => void;

/** The ring of one CPU's perf event. */
export class PerfRing {
  readonly cpu: number;
  readonly fd: number;
  /** The number of records that the kernel has reported as lost so far. */
  lost = 0;
  /** The time at which the current record was written, in nanoseconds of the kernel's perf clock. */
  time = 0n;
  readonly #memory: MappedMemory;
  readonly #head: BigInt64Array;
  readonly #tail: BigInt64Array;
  readonly #view: DataView;
  readonly #size: number;
  readonly #backward: boolean;
  #position: number;
  /**
   * The buffer for copies of records. It is allocated for the first record, and again after the caller has transferred
   * it to another thread.
   */
  #copy = new DataView(new ArrayBuffer(0));
  #onLost: OnLost | undefined;

  constructor(
    fd: number,
    options: {
      readonly cpu: number;
      readonly pages: number;
      readonly backward: boolean;
      readonly what: string;
      readonly onLost?: OnLost | undefined;
    },
  ) {
    const { cpu, pages, backward, what, onLost } = options;
    const page = pageSize();
    this.fd = fd;
    this.cpu = cpu;
    this.#backward = backward;
    this.#onLost = onLost;
    // If the ring is mapped read-only, the kernel overwrites the oldest records even if they were not read.
    const name = `${what}: ring of CPU ${cpu}`;
    this.#memory = mapMemory(fd, { length: page * (1 + pages), writable: !backward }, name);
    const { buffer } = this.#memory;
    this.#head = new BigInt64Array(buffer, PerfMmapPage.data_head, 1);
    this.#tail = new BigInt64Array(buffer, PerfMmapPage.data_tail, 1);
    this.#size = page * pages;
    this.#view = new DataView(buffer, page, this.#size);
    this.#position = backward ? 0 : Number(Atomics.load(this.#tail, 0));
  }

  read(onRecord: OnRecord, most: number): number {
    return this.#backward ? this.#readBackward(onRecord) : this.#readForward(onRecord, most);
  }

  #readForward(onRecord: OnRecord, most: number): number {
    let count = 0;
    try {
      const head = Number(Atomics.load(this.#head, 0));
      while (this.#position < head && count < most && !this.#memory.closed) {
        const offset = this.#position & (this.#size - 1);
        const length = Math.min(head - this.#position, Math.max(RUN_BYTES, this.#view.getUint16(offset + 6, true)));
        const view = this.#copyRun(offset, length);
        let at = 0;
        // The caller's function may close the reader, or transfer the buffer.
        while (at < length && count < most && !this.#memory.closed && view.buffer.byteLength > 0) {
          const size = view.getUint16(at + 6, true);
          if (size < HEADER_SIZE || at + size > length) break;
          this.#position += size;
          at += size;
          count += this.#hand(view, at - size, size, onRecord);
        }
        // The record at this position is invalid: it is smaller than a header, or longer than the data. So the ring's
        // memory is damaged; skip all of it.
        if (at === 0) this.#position = head;
      }
    } finally {
      if (!this.#memory.closed) Atomics.store(this.#tail, 0, BigInt(this.#position));
    }
    return count;
  }

  /** Reads all complete records that were not read before, the newest first. */
  #readBackward(onRecord: OnRecord): number {
    let count = 0;
    perfEventPauseOutput(this.fd, true);
    try {
      const head = Number(Atomics.load(this.#head, 0));
      // The kernel counts positions down from 0, so older records have higher positions. Records at or above head +
      // size were overwritten.
      const oldest = head + this.#size;
      const end = Math.min(this.#position, oldest);
      let position = head;
      while (position < end && !this.#memory.closed) {
        const offset = position & (this.#size - 1);
        const size = this.#view.getUint16(offset + 6, true);
        if (size < HEADER_SIZE || position + size > end) break;
        position += size;
        count += this.#hand(this.#copyRun(offset, size), 0, size, onRecord);
      }
      this.#position = head;
    } finally {
      if (!this.#memory.closed) perfEventPauseOutput(this.fd, false);
    }
    return count;
  }

  /**
   * Handles the record at offset `at` of a copy: passes a sample to `onRecord` and returns 1. For all other records,
   * returns 0.
   */
  #hand(view: DataView, at: number, size: number, onRecord: OnRecord): number {
    switch (view.getUint32(at, true)) {
      case PerfRecord.PERF_RECORD_SAMPLE: {
        if (size < SAMPLE_HEADER) return 0;
        const length = Math.min(view.getUint32(at + SAMPLE_HEADER - 4, true), size - SAMPLE_HEADER);
        this.time = view.getBigUint64(at + HEADER_SIZE, true);
        onRecord(view, at + SAMPLE_HEADER, length, this.cpu);
        return 1;
      }
      case PerfRecord.PERF_RECORD_LOST: {
        // The record's fields are u64 id and u64 lost.
        if (size < HEADER_SIZE + 16) return 0;
        const count = Number(view.getBigUint64(at + HEADER_SIZE + 8, true));
        this.lost += count;
        this.#onLost?.(count, this.cpu, view.getBigUint64(at + HEADER_SIZE, true));
        return 0;
      }
      default:
        return 0;
    }
  }

  /** Copies `length` bytes of the ring from `offset` on. After the ring's last byte follows its first one. */
  #copyRun(offset: number, length: number): DataView {
    if (this.#copy.buffer.byteLength === 0) this.#copy = new DataView(new ArrayBuffer(LARGEST_RECORD));
    const ring = new Uint8Array(this.#view.buffer, this.#view.byteOffset, this.#size);
    const copy = new Uint8Array(this.#copy.buffer);
    const untilEnd = Math.min(length, this.#size - offset);
    copy.set(ring.subarray(offset, offset + untilEnd));
    if (length > untilEnd) copy.set(ring.subarray(0, length - untilEnd), untilEnd);
    return this.#copy;
  }

  close(): void {
    this.#memory.close();
  }
}
