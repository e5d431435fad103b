import { ClosedError, UsageError } from "../errors/index.ts";
import { EpollEvent, FdPoll, type MappedMemory, mapMemory, pageSize } from "../sys/index.ts";
import { BpfMapType } from "../uapi/index.ts";
import type { EventMap } from "./event-source.ts";

// The memory of a user ring buffer (kernel/bpf/ringbuf.c) is that of a ring buffer with the parts exchanged: the
// consumer's page is the kernel's, the producer's page and the data are ours to write.

const BUSY = 0x8000_0000 | 0;
const DISCARDED = 0x4000_0000;
const LARGEST = 0x3fff_ffff;
const HEADER_SIZE = 8;

/** Room for one record, to be filled and then submitted or discarded. */
export interface Reservation {
  /** The record's bytes, in the ring; what they held before is not cleared. */
  readonly bytes: Uint8Array;
  /** Gives the record to the program that drains the ring. */
  submit(): void;
  /** The program will not see the record; its room is free when what came before it is drained. */
  discard(): void;
}

/**
 * Writes records that a program takes with bpf_user_ringbuf_drain() from a BPF_MAP_TYPE_USER_RINGBUF (Linux 6.1).
 * A ring has one writer. Close it when done: it holds the ring's memory.
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
  #position: number;

  /** Maps the ring. Throws UsageError for another type of map. */
  constructor(map: EventMap) {
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
    this.#position = Number(Atomics.load(this.#producer, 0));
  }

  /** Room for a record of `length` bytes, undefined where the ring is full. Throws UsageError if it can never fit. */
  reserve(length: number): Reservation | undefined {
    const step = this.#stepOf(length);
    const used = this.#position - Number(Atomics.load(this.#consumer, 0));
    if (step > this.#size - used) return undefined;
    const offset = this.#position % this.#size;
    const word = offset >>> 2;
    this.#words[word + 1] = 0;
    Atomics.store(this.#words, word, length | BUSY);
    this.#position += step;
    Atomics.store(this.#producer, 0, BigInt(this.#position));
    const finish = (flag: number): void => {
      if (this.#dataMemory.closed) throw new ClosedError(this.#what);
      if (Atomics.load(this.#words, word) !== (length | BUSY)) throw new UsageError(`${this.#what}: finished already`);
      Atomics.store(this.#words, word, length | flag);
    };
    return {
      bytes: this.#bytes.subarray(offset + HEADER_SIZE, offset + HEADER_SIZE + length),
      submit: () => finish(0),
      discard: () => finish(DISCARDED),
    };
  }

  /** Writes a record; false where the ring is full. */
  write(record: Uint8Array): boolean {
    const room = this.reserve(record.length);
    if (room === undefined) return false;
    room.bytes.set(record);
    room.submit();
    return true;
  }

  /**
   * Writes a record as soon as there is room: when the program has drained some and woken the writer. Rejects with the
   * signal's reason when it is aborted.
   */
  async writeWhenRoom(record: Uint8Array, options: { signal?: AbortSignal | undefined } = {}): Promise<void> {
    const { signal } = options;
    for (;;) {
      signal?.throwIfAborted();
      if (this.write(record)) return;
      await this.#room(signal);
    }
  }

  /** Bytes that reservations may take now, their headers included. */
  get available(): number {
    if (this.#dataMemory.closed) throw new ClosedError(this.#what);
    return this.#size - (this.#position - Number(Atomics.load(this.#consumer, 0)));
  }

  /** Lets the memory go; the map stays open. What was submitted stays in the ring. */
  close(): void {
    this.#consumerMemory.close();
    this.#dataMemory.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  get #what(): string {
    return `the writer of ${this.#map.what}`;
  }

  #stepOf(length: number): number {
    if (this.#dataMemory.closed) throw new ClosedError(this.#what);
    const step = (length + HEADER_SIZE + 7) & ~7;
    if (!Number.isInteger(length) || length < 0 || length > LARGEST || step > this.#size) {
      throw new UsageError(`${this.#map.what}: a record of ${length} bytes never fits the ring of ${this.#size}`);
    }
    return step;
  }

  #room(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = (error?: unknown): void => {
        signal?.removeEventListener("abort", abort);
        poll.close();
        if (error === undefined) resolve();
        else reject(error);
      };
      const abort = (): void => done(signal?.reason);
      const poll = new FdPoll(() => done());
      try {
        poll.add(this.#map.fd, EpollEvent.EPOLLOUT);
      } catch (error) {
        done(error);
        return;
      }
      signal?.addEventListener("abort", abort);
    });
  }
}
