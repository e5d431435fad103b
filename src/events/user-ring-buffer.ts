import { ClosedError, UsageError } from "../errors/index.ts";
import { checkOptions, INSPECT, type Inspect, inspectObject, type OptionTable } from "../kernel/index.ts";
import { EpollEvent, FdPoll, type MappedMemory, mapMemory, pageSize } from "../sys/index.ts";
import { BpfMapType } from "../uapi/index.ts";
import { onAbort } from "./ending.ts";
import { checkEventMap, type EventMap, onMapClose } from "./event-source.ts";
import { HEADER_SIZE, LENGTH_MASK, RecordFlag } from "./ring-memory.ts";

// The memory of a user ring buffer (kernel/bpf/ringbuf.c) has the same three parts as the memory of a ring buffer (see
// ring-memory.ts). But in a user ring buffer, the kernel writes the page with the consumer's position, and this process
// writes the page with the producer's position and the data.

const WRITE_OPTIONS: OptionTable<{ signal?: AbortSignal }> = { signal: "signal" };

/** Space for one record in the ring. Write the record into `bytes`, then submit or discard it. */
export interface Reservation {
  /** The bytes of the ring for this record. They are not zeroed. */
  readonly bytes: Uint8Array;
  /** Makes the record visible to the program that drains the ring. */
  submit(): void;
  /** Discards the record. Its space becomes free once the program has drained the records before it. */
  discard(): void;
}

/**
 * Writes records into a BPF_MAP_TYPE_USER_RINGBUF (Linux 6.1). A program takes them out with bpf_user_ringbuf_drain().
 * Use only one writer for a ring. Close the writer when you no longer need it. Closing the map also closes the writer.
 */
export class UserRingBuffer implements Disposable {
  readonly #map: EventMap;
  readonly #consumerMemory: MappedMemory;
  readonly #dataMemory: MappedMemory;
  readonly #consumer: BigInt64Array;
  readonly #producer: BigInt64Array;
  readonly #words: Int32Array;
  readonly #bytes: Uint8Array;
  readonly #size: number;
  readonly #stopListening: () => void;
  /** Functions that end the pending waits for free space, one for each wait. */
  readonly #waits = new Set<() => void>();
  #position: number;

  /** Maps the ring. Throws UsageError for a map of another type. */
  constructor(map: EventMap) {
    checkEventMap(map, "UserRingBuffer");
    if (map.type !== BpfMapType.BPF_MAP_TYPE_USER_RINGBUF) {
      throw new UsageError(`${map.what} is of type ${map.typeName}, not user_ringbuf`);
    }
    const page = pageSize();
    this.#map = map;
    this.#size = map.maxEntries;
    this.#consumerMemory = mapMemory(map.fd, { length: page }, `${map.what}: consumer page`);
    try {
      const options = { length: page + 2 * this.#size, offset: page, writable: true };
      this.#dataMemory = mapMemory(map.fd, options, `${map.what}: data`);
    } catch (error) {
      this.#consumerMemory.close();
      throw error;
    }
    const data = this.#dataMemory.buffer;
    this.#consumer = new BigInt64Array(this.#consumerMemory.buffer, 0, 1);
    this.#producer = new BigInt64Array(data, 0, 1);
    this.#words = new Int32Array(data, page, this.#size / 2);
    this.#bytes = new Uint8Array(data, page, 2 * this.#size);
    this.#position = this.#startPosition();
    this.#stopListening = onMapClose(map, () => this.close());
  }

  /**
   * Reserves `length` bytes, or returns undefined if the ring is full. Throws UsageError if `length` is more than an
   * empty ring can hold.
   */
  reserve(length: number): Reservation | undefined {
    const step = this.#stepOf(length);
    const used = this.#position - Number(Atomics.load(this.#consumer, 0));
    if (step > this.#size - used) return undefined;
    const offset = this.#position % this.#size;
    const word = offset >>> 2;
    this.#words[word + 1] = 0;
    Atomics.store(this.#words, word, length | RecordFlag.BUSY);
    this.#position += step;
    Atomics.store(this.#producer, 0, BigInt(this.#position));
    const finish = (flag: number): void => {
      if (this.#dataMemory.closed) throw new ClosedError(this.#what);
      if (Atomics.load(this.#words, word) !== (length | RecordFlag.BUSY))
        throw new UsageError(`${this.#what}: the record was already submitted or discarded`);
      Atomics.store(this.#words, word, length | flag);
    };
    return {
      bytes: this.#bytes.subarray(offset + HEADER_SIZE, offset + HEADER_SIZE + length),
      submit: () => finish(0),
      discard: () => finish(RecordFlag.DISCARDED),
    };
  }

  /** Writes a record. Returns false if the ring is full. */
  write(record: Uint8Array): boolean {
    const reservation = this.reserve(record.length);
    if (reservation === undefined) return false;
    try {
      reservation.bytes.set(record);
    } catch (error) {
      // An unfinished record would block all later records.
      reservation.discard();
      throw error;
    }
    reservation.submit();
    return true;
  }

  /**
   * Writes a record as soon as the ring has enough free space. Space becomes free when the program drains records and
   * wakes the writer. Rejects with the signal's reason when the signal is aborted, and with ClosedError when the ring
   * is closed.
   */
  async writeWhenRoom(record: Uint8Array, options: { signal?: AbortSignal | undefined } = {}): Promise<void> {
    checkOptions("writeWhenRoom", options, WRITE_OPTIONS);
    const { signal } = options;
    for (;;) {
      signal?.throwIfAborted();
      if (this.write(record)) return;
      await this.#waitForRoom(signal);
    }
  }

  /** The number of bytes that are free for records and their headers. */
  get available(): number {
    if (this.#dataMemory.closed) throw new ClosedError(this.#what);
    return this.#size - (this.#position - Number(Atomics.load(this.#consumer, 0)));
  }

  /** Frees the memory. The map stays open, and submitted records stay in the ring. */
  close(): void {
    this.#stopListening();
    this.#consumerMemory.close();
    this.#dataMemory.close();
    for (const end of [...this.#waits]) end();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  [INSPECT](_depth: number, options: object, inspect: Inspect): string {
    const closed = this.#dataMemory.closed;
    const fields = { map: this.#map.what, size: this.#size, ...(closed ? {} : { available: this.available }), closed };
    return inspectObject("UserRingBuffer", fields, options, inspect);
  }

  get #what(): string {
    return `the writer of ${this.#map.what}`;
  }

  /**
   * Returns the position where writing begins, which is the position that the last writer stored. Any process that
   * holds the map can store a wrong position. If no writer can have reached the stored position, writing begins where
   * the program reads next.
   */
  #startPosition(): number {
    const position = Atomics.load(this.#producer, 0);
    const read = Atomics.load(this.#consumer, 0);
    const isPlausible = position % 8n === 0n && position >= read && position - read <= BigInt(this.#size);
    if (!isPlausible) Atomics.store(this.#producer, 0, read);
    return Number(isPlausible ? position : read);
  }

  #stepOf(length: number): number {
    if (this.#dataMemory.closed) throw new ClosedError(this.#what);
    const step = (length + HEADER_SIZE + 7) & ~7;
    if (!Number.isInteger(length) || length < 0 || length > LENGTH_MASK || step > this.#size) {
      throw new UsageError(
        `${this.#map.what}: a record of ${length} bytes does not fit into the ring of ${this.#size} bytes, even when the ring is empty`,
      );
    }
    return step;
  }

  /** Waits until the program has drained some records, the signal is aborted or the ring is closed. */
  async #waitForRoom(signal: AbortSignal | undefined): Promise<void> {
    let end: () => void = () => undefined;
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    using poll = new FdPoll(end);
    poll.add(this.#map.fd, EpollEvent.EPOLLOUT);
    this.#waits.add(end);
    const stopListening = onAbort(signal, end);
    try {
      await ended;
    } finally {
      stopListening();
      this.#waits.delete(end);
    }
  }
}
