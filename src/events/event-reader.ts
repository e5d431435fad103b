import { ClosedError, UsageError } from "../errors/index.ts";
import { INSPECT, type Inspect, inspectObject } from "../kernel/index.ts";
import { closeFd, EpollEvent, epollAdd, epollCreate, epollWait, FdPoll } from "../sys/index.ts";
import type { EventSource, OnRecord } from "./event-source.ts";
import { LoopTurn } from "./loop-turn.ts";

interface ReadSource {
  readonly source: EventSource;
  readonly onRecord: OnRecord;
}

/**
 * Calls the caller's functions with the records of one or several sources: on the event loop after `listen()`, or
 * during each call of `consume()` or `wait()`. When the map of a source is closed, the reader continues with the other
 * sources. Close the reader when you no longer need it.
 */
export class EventReader implements Disposable {
  /** The sources. The value of each entry is a function that removes the reader's callback from the source's map. */
  readonly #sources = new Map<ReadSource, () => void>();
  readonly #turn = new LoopTurn();
  #poll: FdPoll | undefined;
  #epollFd: number | undefined;
  #lostOfEnded = 0;
  #closed = false;

  /** Becomes the owner of the sources: closing the reader closes them. */
  constructor(sources: readonly ReadSource[]) {
    for (const one of sources) {
      this.#sources.set(
        one,
        one.source.onMapClose(() => this.#end(one)),
      );
    }
  }

  /**
   * The number of records that the kernel dropped because a ring was full. The kernel counts them only for perf event
   * arrays. With a ring buffer, only the program knows, because its call fails.
   */
  get lost(): number {
    let lost = this.#lostOfEnded;
    for (const { source } of this.#sources.keys()) lost += source.lost;
    return lost;
  }

  /** Reads at most `most` of the records that are ready, without waiting, and returns their number. */
  consume(most: number = Number.POSITIVE_INFINITY): number {
    if (this.#closed) throw new ClosedError("the event reader");
    if (!(most >= 0))
      throw new UsageError(`consume: the largest number of records must be a number of 0 or more, not ${String(most)}`);
    let count = 0;
    for (const { source, onRecord } of this.#sources.keys()) {
      if (count >= most || this.#closed) break;
      count += source.read(onRecord, most - count);
    }
    return count;
  }

  /** Waits for records, at most `timeout` milliseconds (-1: for ever), and reads them. Blocks the thread. */
  wait(timeout: number): number {
    const before = this.consume();
    if (before > 0 || timeout === 0 || this.#sources.size === 0) return before;
    if (this.#epollFd === undefined) {
      this.#epollFd = this.#makeEpoll();
      // A perf event is edge-triggered. It may have become ready just before it was added to the epoll, so look for
      // records again.
      const meanwhile = this.consume();
      if (meanwhile > 0) return meanwhile;
    }
    epollWait(this.#epollFd, 1, timeout);
    return this.consume();
  }

  /**
   * Reads records on the event loop as they arrive. A listening reader keeps the process alive until `close()` or
   * `unref()`, or until all maps are closed. Calls `afterTurn` after each turn of the loop with the number of records
   * of that turn.
   */
  listen(afterTurn?: (count: number) => void): this {
    if (this.#closed) throw new ClosedError("the event reader");
    if (afterTurn !== undefined && typeof afterTurn !== "function") {
      throw new UsageError(
        "listen: the argument must be a function, which is called after each turn of the event loop, or nothing",
      );
    }
    if (this.#poll !== undefined || this.#sources.size === 0) return this;
    const poll = new FdPoll(() => this.#onReady(afterTurn));
    this.#poll = poll;
    try {
      for (const { source } of this.#sources.keys()) for (const fd of source.fds) poll.add(fd);
    } catch (error) {
      this.#poll = undefined;
      poll.close();
      throw error;
    }
    return this;
  }

  /** Lets the process exit while the reader listens. */
  unref(): this {
    this.#poll?.unref();
    return this;
  }

  /** Makes a listening reader keep the process alive again. */
  ref(): this {
    this.#poll?.ref();
    return this;
  }

  /** Stops listening and frees the memory. The maps stay open. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#poll?.close();
    if (this.#epollFd !== undefined) closeFd(this.#epollFd);
    for (const [{ source }, stop] of this.#sources) {
      stop();
      source.close();
    }
  }

  [Symbol.dispose](): void {
    this.close();
  }

  [INSPECT](_depth: number, options: object, inspect: Inspect): string {
    const isListening = this.#poll !== undefined && !this.#closed;
    const fields = { sources: this.#sources.size, lost: this.lost, isListening, closed: this.#closed };
    return inspectObject("EventReader", fields, options, inspect);
  }

  /** Reads records until the sources are empty, or until other work of the event loop should run. */
  #onReady(afterTurn: ((count: number) => void) | undefined): void {
    if (this.#closed) return;
    const turn = this.#turn;
    turn.begin();
    let count = 0;
    for (let isOver = false; !isOver && !this.#closed; isOver = turn.isOver()) {
      const most = turn.slice;
      const read = this.consume(most);
      count += read;
      if (read < most) {
        afterTurn?.(count);
        return;
      }
    }
    afterTurn?.(count);
    // A perf event is edge-triggered, so the remaining records would have to wait for a new record.
    if (!this.#closed) this.#poll?.callSoon();
  }

  #end(one: ReadSource): void {
    if (this.#closed || !this.#sources.delete(one)) return;
    const { source } = one;
    this.#lostOfEnded += source.lost;
    if (this.#poll !== undefined) for (const fd of source.fds) this.#poll.remove(fd);
    source.close();
    if (this.#sources.size === 0) this.#poll?.close();
  }

  #makeEpoll(): number {
    const fd = epollCreate();
    try {
      for (const { source } of this.#sources.keys())
        for (const own of source.fds) epollAdd(fd, own, EpollEvent.EPOLLIN);
      return fd;
    } catch (error) {
      closeFd(fd);
      throw error;
    }
  }
}
