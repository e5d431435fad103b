import { ClosedError } from "../errors/index.ts";
import { closeFd, EpollEvent, epollAdd, epollCreate, epollWait, FdPoll } from "../sys/index.ts";
import type { EventSource, OnRecord } from "./event-source.ts";

/** So many records are handed out before the event loop has its turn again. */
const RECORDS_PER_TURN = 65536;

/**
 * Hands the records of one or several sources to functions of the caller's: on the event loop after `listen()`, or
 * whenever `consume()` or `wait()` is called. Close it when done.
 */
export class EventReader implements Disposable {
  readonly #sources: readonly { readonly source: EventSource; readonly onRecord: OnRecord }[];
  #poll: FdPoll | undefined;
  #epollFd: number | undefined;
  #closed = false;

  /** Takes the sources over: it closes them. */
  constructor(sources: readonly { readonly source: EventSource; readonly onRecord: OnRecord }[]) {
    this.#sources = sources;
  }

  /** Records that the kernel had no room for and counted (perf event arrays; a ring buffer tells its program only). */
  get lost(): number {
    return this.#sources.reduce((sum, { source }) => sum + source.lost, 0);
  }

  /** Hands out the records that are there, at most `most`, without waiting; their number. */
  consume(most: number = Number.POSITIVE_INFINITY): number {
    if (this.#closed) throw new ClosedError("the event reader");
    let count = 0;
    for (const { source, onRecord } of this.#sources) {
      if (count >= most || this.#closed) break;
      count += source.read(onRecord, most - count);
    }
    return count;
  }

  /** Blocks the thread until there are records, at most `timeout` milliseconds (-1: for ever), and hands them out. */
  wait(timeout: number): number {
    const before = this.consume();
    if (before > 0 || timeout === 0) return before;
    if (this.#epollFd === undefined) {
      this.#epollFd = this.#makeEpoll();
      // A perf event says only once that it is ready, and has said it when it was added.
      const meanwhile = this.consume();
      if (meanwhile > 0) return meanwhile;
    }
    epollWait(this.#epollFd, 1, timeout);
    return this.consume();
  }

  /**
   * Hands out records as they come, on the event loop, which keeps the process alive until `close()` or `unref()`.
   * `afterTurn` is called after each turn with the number of records that it had.
   */
  listen(afterTurn?: (count: number) => void): this {
    if (this.#closed) throw new ClosedError("the event reader");
    if (this.#poll !== undefined) return this;
    const poll = new FdPoll(() => {
      const count = this.consume(RECORDS_PER_TURN);
      afterTurn?.(count);
    });
    this.#poll = poll;
    try {
      for (const { source } of this.#sources) for (const fd of source.fds) poll.add(fd);
    } catch (error) {
      this.#poll = undefined;
      poll.close();
      throw error;
    }
    return this;
  }

  /** Lets the process end although the reader listens. */
  unref(): this {
    this.#poll?.unref();
    return this;
  }

  /** Keeps the process alive again. */
  ref(): this {
    this.#poll?.ref();
    return this;
  }

  /** Stops listening and lets the memory go; the maps stay open. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#poll?.close();
    if (this.#epollFd !== undefined) closeFd(this.#epollFd);
    for (const { source } of this.#sources) source.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #makeEpoll(): number {
    const fd = epollCreate();
    try {
      for (const { source } of this.#sources) for (const own of source.fds) epollAdd(fd, own, EpollEvent.EPOLLIN);
      return fd;
    } catch (error) {
      closeFd(fd);
      throw error;
    }
  }
}
