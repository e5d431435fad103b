import { ClosedError, UsageError } from "../errors/index.ts";
import { FdPoll } from "../sys/index.ts";
import type { EventSource } from "./event-source.ts";

/** Makes a value of a record; its bytes are the kernel's again afterwards. */
export type DecodeRecord<T> = (view: DataView, offset: number, length: number, cpu: number) => T;

/** How a {@link RecordStream} is read. */
export interface RecordStreamOptions {
  /** Ends the iteration: what was taken from the ring before is still handed out. */
  readonly signal?: AbortSignal | undefined;
  /**
   * `wait`, unless given: records stay in the kernel's ring until they are asked for, and when it is full the program
   * is told. `drop`: they are taken out at once, at most {@link capacity} are kept, and what comes beyond is dropped
   * and counted in `dropped`.
   */
  readonly whenSlow?: "wait" | "drop" | undefined;
  /** With `drop`: records that are kept. 65,536 unless given. */
  readonly capacity?: number | undefined;
}

/** So many records are decoded at a time. */
const BATCH = 1024;

/**
 * The records of a source as an async iterable, each decoded when it is taken out of the ring. It keeps the process
 * alive only while somebody waits for the next record. One iteration at a time.
 */
export class RecordStream<T> implements AsyncIterable<T>, Disposable {
  readonly #source: EventSource;
  readonly #decode: DecodeRecord<T>;
  readonly #signal: AbortSignal | undefined;
  readonly #capacity: number | undefined;
  #queue: T[] = [];
  #dropped = 0;
  #poll: FdPoll | undefined;
  #wake: (() => void) | undefined;
  #closed = false;
  #failure: { readonly error: unknown } | undefined;
  #iterating = false;

  /** Takes the source over: it closes it. */
  constructor(source: EventSource, decode: DecodeRecord<T>, options: RecordStreamOptions = {}) {
    const { signal, whenSlow = "wait", capacity = 65_536 } = options;
    this.#source = source;
    this.#decode = decode;
    this.#signal = signal;
    this.#capacity = whenSlow === "drop" ? capacity : undefined;
    signal?.addEventListener("abort", this.#onAbort);
    if (whenSlow === "drop") this.#listen().unref();
  }

  /** Records that the kernel had no room for, as far as it counts them: those of perf event arrays. */
  get lost(): number {
    return this.#source.lost;
  }

  /** Records that were dropped here because nobody asked for them in time; 0 unless `whenSlow` is `drop`. */
  get dropped(): number {
    return this.#dropped;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for await (const batch of this.batches()) yield* batch;
  }

  /** As the iteration, but in arrays of those that are there: an iteration step costs more than decoding a record. */
  async *batches(): AsyncGenerator<T[], void, undefined> {
    if (this.#iterating) throw new UsageError("the records are being iterated already: a ring has one reader");
    this.#iterating = true;
    try {
      for (;;) {
        const batch = this.#next();
        if (batch.length > 0) yield batch;
        else if (this.#failure !== undefined) throw this.#failure.error;
        else if (this.#closed || this.#signal?.aborted === true) return;
        else await this.#ready();
      }
    } finally {
      this.#iterating = false;
      this.close();
    }
  }

  /** Ends the iteration and lets the memory go; the map stays open. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#signal?.removeEventListener("abort", this.#onAbort);
    this.#poll?.close();
    this.#source.close();
    this.#wake?.();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  readonly #onAbort = (): void => {
    this.#wake?.();
  };

  /** What is there: from the queue, or else from the ring. */
  #next(): T[] {
    this.#fill();
    return this.#takeQueue();
  }

  #fill(): void {
    if (this.#closed || this.#capacity !== undefined || this.#signal?.aborted === true) return;
    const queue = this.#queue;
    const decode = this.#decode;
    this.#source.read((view, offset, length, cpu) => {
      queue.push(decode(view, offset, length, cpu));
    }, BATCH);
  }

  #takeQueue(): T[] {
    const batch = this.#queue;
    if (batch.length > 0) this.#queue = [];
    return batch;
  }

  async #ready(): Promise<void> {
    const poll = this.#listen().ref();
    // A perf event says only once that it is ready, and says it when it is added: so the ring is looked at again.
    this.#fill();
    if (this.#queue.length === 0) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
    if (this.#closed) return;
    poll.unref();
    // A ring that nobody empties would be ready all the time.
    if (this.#capacity === undefined) for (const fd of this.#source.fds) poll.remove(fd);
  }

  #listen(): FdPoll {
    if (this.#closed) throw new ClosedError("the record stream");
    const isNew = this.#poll === undefined;
    const poll = this.#poll ?? new FdPoll(() => this.#onReady());
    this.#poll = poll;
    if (isNew || this.#capacity === undefined) for (const fd of this.#source.fds) poll.add(fd);
    return poll;
  }

  #onReady(): void {
    try {
      if (this.#capacity !== undefined) this.#drain(this.#capacity);
    } catch (error) {
      // A record that cannot be decoded concerns who iterates, not the event loop.
      this.#failure = { error };
      this.#poll?.close();
    }
    this.#wake?.();
  }

  #drain(capacity: number): void {
    this.#source.read((view, offset, length, cpu) => {
      if (this.#queue.length < capacity) this.#queue.push(this.#decode(view, offset, length, cpu));
      else this.#dropped++;
    }, BATCH * 64);
  }
}
