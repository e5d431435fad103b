import { UsageError } from "../errors/index.ts";
import { WordView } from "../layout/index.ts";
import { closeFd, duplicateFd, type MappedMemory, mapMemory, pageSize } from "../sys/index.ts";
import { BpfMapType } from "../uapi/index.ts";
import type { EventMap } from "./event-source.ts";

// The memory of a ring buffer (kernel/bpf/ringbuf.c): a page with the consumer's position, which the reader writes; a
// page with the producer's position, the first one that is not finished, and of a ring with BPF_F_RB_OVERWRITE (6.19)
// the first one that was not overwritten; the data twice in a row, so that a record that wraps around is in one piece.
// A record is a header (u32 length with two flags, u32) and its bytes, on a multiple of 8. Positions never wrap.

/** A BPF_MAP_TYPE_RINGBUF (Linux 5.8) in this process's memory. */
export class RingMemory {
  /** An fd of its own: to wait for one that the map's owner has closed would be to wait for another file. */
  readonly fd: number;
  /** Bytes of the data, a power of two. */
  readonly size: number;
  /** The reader's position. */
  readonly consumer: BigInt64Array;
  /** Behind the last record that has its room. */
  readonly producer: BigInt64Array;
  /** Where the oldest whole record begins, where old ones are overwritten. */
  readonly overwritten: BigInt64Array;
  /** The data as words, for the headers. */
  readonly words: Int32Array;
  readonly view: WordView;
  readonly #consumerMemory: MappedMemory;
  readonly #dataMemory: MappedMemory;

  /** Maps the ring. Throws UsageError for another type of map. */
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
      // The kernel refuses to map these pages for writing.
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
    this.overwritten = new BigInt64Array(data, 16, 1);
    this.words = new Int32Array(data, page, size / 2);
    this.view = new WordView(data, page, 2 * size);
  }

  close(): void {
    this.#consumerMemory.close();
    this.#dataMemory.close();
    closeFd(this.fd);
  }
}
