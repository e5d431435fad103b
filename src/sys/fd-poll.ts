import { isMainThread } from "node:worker_threads";
import { ClosedError } from "../errors/index.ts";
import { epollAdd, epollCreate, epollRemove, epollWait } from "./epoll.ts";
import { type PollHandle, pollReadable } from "./ffi.ts";
import { closeFd } from "./owned-fd.ts";

// Handles that are open: koffi stops calling back when nobody refers to one.
const open = new Set<FdPoll>();

/**
 * Waits for fds on the event loop. The fds go into an epoll, which the loop polls. `onReady` is also called once after the
 * loop's next turn. An open FdPoll keeps the process alive until `unref()`. An fd must be removed before it is closed.
 */
export class FdPoll {
  readonly #epollFd: number;
  #handle: PollHandle | undefined;
  readonly #onReady: () => void;

  /** Calls `onReady` whenever one of the fds is ready. What it throws becomes an uncaught exception, as from a timer. */
  constructor(onReady: () => void) {
    this.#onReady = onReady;
    this.#epollFd = epollCreate();
    try {
      this.#handle = isMainThread ? this.#pollByLoop() : new TimerPoll(this.#epollFd, () => this.#call());
    } catch (error) {
      closeFd(this.#epollFd);
      throw error;
    }
    open.add(this);
    // The epoll joins the loop one turn later. A perf event reports readiness once, perhaps before that: look by hand.
    this.callSoon();
  }

  /** Adds an fd to wait for, level-triggered: until it can be read, unless other `events` (EpollEvent) are given. */
  add(fd: number, events?: number): void {
    epollAdd(this.#fd(), fd, events);
  }

  /** Takes an fd out. */
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
    open.delete(this);
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
   * The rules of koffi's handle: one per fd, never a bad fd or a regular file (libuv aborts the process), and it is closed
   * before its fd. An exception that leaves its callback would pass through C++.
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
 * Looks at an epoll by a timer, every 1 to 8 ms. This is how a worker thread waits: koffi's handle would end the whole
 * process when the worker is terminated, since no JavaScript runs then that could close it.
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
