import { UsageError } from "../errors/index.ts";
import { INSPECT, type Inspect, inspectObject } from "../kernel/index.ts";
import { FdPoll } from "../sys/index.ts";
import { endAtOnce, onAbort } from "./ending.ts";
import type { EventSource } from "./event-source.ts";
import { LoopTurn } from "./loop-turn.ts";

/** Decodes a record's bytes and returns a value. The next record overwrites these bytes. */
export type DecodeRecord<T> = (view: DataView, offset: number, length: number, cpu: number) => T;

/** Options of a {@link RecordStream}. */
export interface RecordStreamOptions {
  /**
   * Ends the iteration when it is aborted. The stream still yields the records that it has taken from the ring before.
   */
  readonly signal?: AbortSignal | undefined;
  /**
   * What happens to records while the caller does not ask for the next one. With `wait` (the default), the records stay
   * in the kernel's ring; once the ring is full, the program's calls fail. With `drop`, the stream takes the records
   * out of the ring at once and keeps at most {@link capacity} records. It drops all further records and counts them in
   * `dropped`.
   */
  readonly whenSlow?: "wait" | "drop" | undefined;
  /** The number of records to keep with `drop`. Default 65,536. */
  readonly capacity?: number | undefined;
}

/** The number of records to decode at a time. */
const BATCH = 1024;

/**
 * The records of a source as an async iterable. Each record is decoded when it is taken out of the ring. The stream
 * keeps the process alive only while an iteration waits for the next record. Only one iteration can run at a time.
 *
 * The iteration ends when the stream or its map is closed. While programs keep the ring filled, other work of the event
 * loop still runs every few milliseconds.
 */
export class RecordStream<T> implements AsyncIterable<T>, Disposable {
  readonly #source: EventSource;
  readonly #decode: DecodeRecord<T>;
  readonly #signal: AbortSignal | undefined;
  /** The number of records to keep, with `drop`. */
  readonly #capacity: number | undefined;
  readonly #turn = new LoopTurn();
  readonly #drainTurn = new LoopTurn();
  #stopListening: (() => void)[] = [];
  #queue: T[] = [];
  #dropped = 0;
  #poll: FdPoll | undefined;
  #wake: (() => void) | undefined;
  #closed = false;
  #failure: { readonly error: unknown } | undefined;
  /** The current iteration; undefined before the first one begins. */
  #reader: object | undefined;

  /** Becomes the owner of the source: closing the stream closes it. */
  constructor(source: EventSource, decode: DecodeRecord<T>, options: RecordStreamOptions = {}) {
    const { signal, whenSlow = "wait", capacity = 65_536 } = options;
    if (!(Number.isInteger(capacity) && capacity > 0)) {
      throw new UsageError(`the option 'capacity' must be a number of records of 1 or more, not ${capacity}`);
    }
    this.#source = source;
    this.#decode = decode;
    this.#signal = signal;
    this.#capacity = whenSlow === "drop" ? capacity : undefined;
    if (whenSlow === "drop") this.#listen().unref();
    this.#stopListening = [onAbort(signal, () => this.#wake?.()), source.onMapClose(() => this.close())];
  }

  /**
   * The number of records that the kernel dropped because the ring was full. The kernel counts them for perf event
   * arrays only.
   */
  get lost(): number {
    return this.#source.lost;
  }

  /**
   * The number of records that the stream dropped because the caller did not ask for them in time. Always 0 without
   * `drop`.
   */
  get dropped(): number {
    return this.#dropped;
  }

  [Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    const reader = {};
    return endAtOnce(this.#records(reader), () => this.#endReader(reader));
  }

  /**
   * Iterates over arrays of records. Each array has the records that are ready. This is faster than a step for each
   * record, because a step costs more than decoding a record.
   */
  batches(): AsyncGenerator<T[], void, undefined> {
    const reader = {};
    return endAtOnce(this.#batches(reader), () => this.#endReader(reader));
  }

  /** Ends the iteration and frees the memory. The map stays open. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const stop of this.#stopListening) stop();
    this.#poll?.close();
    this.#source.close();
    this.#wake?.();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  [INSPECT](_depth: number, options: object, inspect: Inspect): string {
    const { lost, dropped } = this;
    const fields = {
      queued: this.#queue.length,
      lost,
      dropped,
      isIterating: this.#reader !== undefined,
      closed: this.#closed,
    };
    return inspectObject("RecordStream", fields, options, inspect);
  }

  async *#records(reader: object): AsyncGenerator<T, void, undefined> {
    const turn = this.#turn;
    let left = turn.slice;
    for await (const batch of this.#batches(reader)) {
      for (const record of batch) {
        yield record;
        if (--left > 0) continue;
        if (turn.isOver()) await turn.pass();
        left = turn.slice;
      }
    }
  }

  async *#batches(reader: object): AsyncGenerator<T[], void, undefined> {
    if (this.#reader !== undefined)
      throw new UsageError("another iteration already reads these records, and a ring can have only one reader");
    this.#reader = reader;
    const turn = this.#turn;
    turn.begin();
    try {
      for (;;) {
        const batch = this.#next();
        if (batch.length > 0) {
          yield batch;
          if (turn.isOver()) await turn.pass();
        } else if (this.#failure !== undefined) throw this.#failure.error;
        else if (this.#closed || this.#signal?.aborted === true) return;
        else await this.#ready();
      }
    } finally {
      this.#reader = undefined;
      this.close();
    }
  }

  /** Closes the stream if this reader has begun to iterate. */
  #endReader(reader: object): void {
    if (this.#reader === reader) this.close();
  }

  /** Takes the records that are ready from the queue or from the ring. */
  #next(): T[] {
    this.#fill();
    const batch = this.#queue;
    if (batch.length > 0) this.#queue = [];
    return batch;
  }

  #fill(): void {
    if (this.#closed || this.#capacity !== undefined || this.#signal?.aborted === true) return;
    const queue = this.#queue;
    const decode = this.#decode;
    this.#source.read((view, offset, length, cpu) => {
      queue.push(decode(view, offset, length, cpu));
    }, BATCH);
  }

  async #ready(): Promise<void> {
    const poll = this.#listen().ref();
    // A perf event is edge-triggered. A record may have arrived before the event was added to the poll, so look at the
    // ring again.
    this.#fill();
    if (this.#queue.length === 0) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
    this.#turn.begin();
    if (this.#closed) return;
    poll.unref();
    // The ring stays filled until the next call, so the poll would report the fds again and again.
    if (this.#capacity === undefined) for (const fd of this.#source.fds) poll.remove(fd);
  }

  #listen(): FdPoll {
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
      // If a record cannot be decoded, the error must reach the iteration, not the event loop.
      this.#failure = { error };
      this.#poll?.close();
    }
    this.#wake?.();
  }

  /** Empties the ring, or stops when other work of the event loop should run. */
  #drain(capacity: number): void {
    const turn = this.#drainTurn;
    turn.begin();
    for (let isOver = false; !isOver; isOver = turn.isOver()) {
      const most = turn.slice;
      const read = this.#source.read((view, offset, length, cpu) => {
        if (this.#queue.length < capacity) this.#queue.push(this.#decode(view, offset, length, cpu));
        else this.#dropped++;
      }, most);
      if (read < most) return;
    }
    this.#poll?.callSoon();
  }
}
