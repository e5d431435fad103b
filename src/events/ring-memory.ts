import { UsageError } from "../errors/index.ts";
import { closeFd, duplicateFd, type MappedMemory, mapMemory, pageSize } from "../sys/index.ts";
import { BpfMapType } from "../uapi/index.ts";
import type { EventMap } from "./event-source.ts";

// The memory of a ring buffer (kernel/bpf/ringbuf.c) has three parts:
// - a page with the consumer's position, which the reader writes;
// - a page with the producer's position and the position of the first unfinished record. In a ring with
//   BPF_F_RB_OVERWRITE (6.19) the page also has the position of the first record that was not overwritten;
// - the data, mapped twice in a row, so that a record which wraps around is in one piece.
// A record is a header (u32 length with two flags, u32) and the program's bytes. It begins on a multiple of 8.
// Positions only grow: they do not go back to 0 at the end of the data.

/** The two flags in the first word of a record's header. */
export const RecordFlag = { BUSY: 0x8000_0000 | 0, DISCARDED: 0x4000_0000 } as const;
/** The bits of a header's first word that hold the record's length. */
export const LENGTH_MASK = 0x3fff_ffff;
/** The size of a record's header in bytes. */
export const HEADER_SIZE = 8;

/** The memory of a BPF_MAP_TYPE_RINGBUF (Linux 5.8), mapped into this process. Only `consumer` may be written. */
export class RingMemory {
  /**
   * A duplicate of the map's fd. After the owner closes the map, the number of the map's own fd can belong to another
   * file.
   */
  readonly fd: number;
  /** The size of the data in bytes, a power of two. */
  readonly size: number;
  /** The position up to which the reader has read. */
  readonly consumer: BigInt64Array;
  /** The position after the last record that a program has reserved. */
  readonly producer: BigInt64Array;
  /**
   * A position before which all records are finished. The kernel updates it from time to time (since 6.10; on older
   * kernels it stays 0).
   */
  readonly pending: BigInt64Array;
  /** In a ring with BPF_F_RB_OVERWRITE: the position of the oldest record that was not overwritten. */
  readonly overwritten: BigInt64Array;
  /** The data as 32-bit words, for reading headers. */
  readonly words: Int32Array;
  readonly bytes: Uint8Array;
  readonly #consumerMemory: MappedMemory;
  readonly #dataMemory: MappedMemory;

  /** Maps the ring. Throws UsageError for a map of another type. */
  constructor(map: EventMap) {
    if (map.type !== BpfMapType.BPF_MAP_TYPE_RINGBUF) {
      throw new UsageError(`${map.what} is of type ${map.typeName}, not ringbuf`);
    }
    const page = pageSize();
    const size = map.maxEntries;
    const fd = duplicateFd(map.fd);
    let consumer: MappedMemory | undefined;
    try {
      consumer = mapMemory(fd, { length: page, writable: true }, `${map.what}: consumer page`);
      // The kernel lets no process map these pages for writing.
      this.#dataMemory = mapMemory(fd, { length: page + 2 * size, offset: page }, `${map.what}: data`);
    } catch (error) {
      consumer?.close();
      closeFd(fd);
      throw error;
    }
    this.fd = fd;
    this.size = size;
    this.#consumerMemory = consumer;
    const data = this.#dataMemory.buffer;
    this.consumer = new BigInt64Array(consumer.buffer, 0, 1);
    this.producer = new BigInt64Array(data, 0, 1);
    this.pending = new BigInt64Array(data, 8, 1);
    this.overwritten = new BigInt64Array(data, 16, 1);
    this.words = new Int32Array(data, page, size / 2);
    this.bytes = new Uint8Array(data, page, 2 * size);
  }

  /**
   * Returns the position where reading begins, which is the position that the last reader stored. Any process that
   * holds the map can store a wrong position. If no reader can have reached the stored position, reading begins with
   * the next new record.
   */
  startPosition(): number {
    if (!this.#isPlausible()) Atomics.store(this.consumer, 0, Atomics.load(this.producer, 0));
    return Number(Atomics.load(this.consumer, 0));
  }

  /**
   * Stores the reader's position again if another process has replaced it with a position that no reader can have
   * reached. Otherwise the ring would stay full for its program.
   */
  restorePosition(position: number): void {
    if (!this.#isPlausible()) Atomics.store(this.consumer, 0, BigInt(position));
  }

  #isPlausible(): boolean {
    const position = Atomics.load(this.consumer, 0);
    const end = Atomics.load(this.producer, 0);
    return position % 8n === 0n && position <= end && end - position <= BigInt(this.size);
  }

  close(): void {
    this.#consumerMemory.close();
    this.#dataMemory.close();
    closeFd(this.fd);
  }
}
