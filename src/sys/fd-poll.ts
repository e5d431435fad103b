import { isMainThread } from "node:worker_threads";
import { ClosedError } from "../errors/index.ts";
import { epollAdd, epollCreate, epollRemove, epollWait } from "./epoll.ts";
import { type PollHandle, pollReadable } from "./ffi.ts";
import { closeFd } from "./owned-fd.ts";

// The open polls. This set keeps references to them: koffi stops the callbacks of a handle that is garbage-collected.
const openPolls = new Set<FdPoll>();

/**
 * Waits for fds on Node's event loop. The fds are in an epoll, which the loop polls. `onReady` is also called once in
 * the loop's next turn. An open FdPoll keeps the process alive until `unref()`. Remove an fd before you close it.
 */
export class FdPoll {
  readonly #epollFd: number;
  #handle: PollHandle | undefined;
  readonly #onReady: () => void;

  /** Calls `onReady` whenever one of the fds is ready. An exception in it is uncaught, as in a timer. */
  constructor(onReady: () => void) {
    this.#onReady = onReady;
    this.#epollFd = epollCreate();
    try {
      this.#handle = isMainThread ? this.#pollByLoop() : new TimerPoll(this.#epollFd, () => this.#call());
    } catch (error) {
      closeFd(this.#epollFd);
      throw error;
    }
    openPolls.add(this);
    // The epoll joins the loop one turn later. A perf event is edge-triggered and may fire before that, so check by
    // hand.
    this.callSoon();
  }

  /** Adds an fd to wait for, level-triggered. Default of `events` (EpollEvent): readable. */
  add(fd: number, events?: number): void {
    epollAdd(this.#fd(), fd, events);
  }

  /** Removes an fd. */
  remove(fd: number): void {
    epollRemove(this.#fd(), fd);
  }

  /** Calls `onReady` in the loop's next turn, whether or not an fd is ready. */
  callSoon(): void {
    setImmediate(() => this.#call());
  }

  /** Lets the process end while this waits. */
  unref(): this {
    this.#handle?.unref();
    return this;
  }

  /** Keeps the process alive, as at first. */
  ref(): this {
    this.#handle?.ref();
    return this;
  }

  /** Stops waiting. The fds stay open. A second call does nothing. */
  close(): void {
    const handle = this.#handle;
    if (handle === undefined) return;
    this.#handle = undefined;
    openPolls.delete(this);
    handle.close();
    closeFd(this.#epollFd);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #call(): void {
    if (this.#handle !== undefined) this.#onReady();
  }

  /**
   * Polls the epoll by koffi's handle. koffi has rules: one handle per fd; no bad fd and no regular file (libuv would
   * abort the process); close the handle before its fd. The callback must not throw, because the exception would pass
   * through C++, so it is thrown later.
   */
  #pollByLoop(): PollHandle {
    return pollReadable(this.#epollFd, () => {
      try {
        this.#call();
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    });
  }

  #fd(): number {
    if (this.#handle === undefined) throw new ClosedError("the poll");
    return this.#epollFd;
  }
}

const SHORTEST_MS = 1;
const LONGEST_MS = 8;

/**
 * Polls an epoll by a timer, every 1 to 8 ms. Worker threads use this instead of koffi's handle. When a worker is
 * terminated, no JavaScript can close that handle, and an open handle would end the whole process.
 */
class TimerPoll implements PollHandle {
  readonly #epollFd: number;
  readonly #onReady: () => void;
  #timer: NodeJS.Timeout | undefined;
  #isReferenced = true;
  #pause = SHORTEST_MS;

  constructor(epollFd: number, onReady: () => void) {
    this.#epollFd = epollFd;
    this.#onReady = onReady;
    this.#schedule();
  }

  #schedule(): void {
    this.#timer = setTimeout(() => this.#look(), this.#pause);
    if (!this.#isReferenced) this.#timer.unref();
  }

  #look(): void {
    const isReady = epollWait(this.#epollFd, 1).length > 0;
    this.#pause = isReady ? SHORTEST_MS : Math.min(2 * this.#pause, LONGEST_MS);
    this.#schedule();
    if (isReady) this.#onReady();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  ref(): void {
    this.#isReferenced = true;
    this.#timer?.ref();
  }

  unref(): void {
    this.#isReferenced = false;
    this.#timer?.unref();
  }
}
