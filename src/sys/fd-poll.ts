import { ClosedError } from "../errors/index.ts";
import { epollAdd, epollCreate, epollRemove, epollWait } from "./epoll.ts";
import { isMainThread, type PollHandle, pollReadable } from "./ffi.ts";
import { closeFd } from "./owned-fd.ts";

// All open polls. The references in this set matter: if a handle is garbage-collected, koffi stops its callbacks.
const openPolls = new Set<FdPoll>();

/**
 * Waits for fds on Node's event loop. The fds are in an epoll, and the event loop polls this epoll. `onReady` is also
 * called once in the next turn of the event loop. An open FdPoll keeps the process alive until `unref()`. Remove an fd
 * from the FdPoll before you close the fd.
 */
export class FdPoll {
  readonly #epollFd: number;
  #handle: PollHandle | undefined;
  readonly #onReady: () => void;

  /**
   * Calls `onReady` whenever one of the fds is ready. If `onReady` throws, the exception is uncaught, as in a timer.
   */
  constructor(onReady: () => void) {
    this.#onReady = onReady;
    this.#epollFd = epollCreate();
    try {
      this.#handle = isMainThread() ? this.#pollByLoop() : new TimerPoll(this.#epollFd, () => this.#call());
    } catch (error) {
      closeFd(this.#epollFd);
      throw error;
    }
    openPolls.add(this);
    // The epoll joins the event loop one turn later. A perf event is edge-triggered and may fire before that, so check
    // once by hand.
    this.callSoon();
  }

  /** Adds an fd to wait for, level-triggered. `events` are bits of EpollEvent. Default: readable. */
  add(fd: number, events?: number): void {
    epollAdd(this.#fd(), fd, events);
  }

  /** Removes an fd. */
  remove(fd: number): void {
    epollRemove(this.#fd(), fd);
  }

  /** Calls `onReady` in the next turn of the event loop, whether or not an fd is ready. */
  callSoon(): void {
    setImmediate(() => this.#call());
  }

  /** Lets the process end although this FdPoll is open. */
  unref(): this {
    this.#handle?.unref();
    return this;
  }

  /** Keeps the process alive again, as a new FdPoll does. */
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
   * Polls the epoll by a handle of koffi. koffi's rules are: Use one handle per fd. Pass no bad fd and no regular file,
   * because libuv would abort the process. Close the handle before its fd. The callback must not throw, because the
   * exception would pass through C++ code. So this function catches the exception and throws it again outside the
   * callback.
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
 * terminated, no JavaScript can close koffi's handle, and an open handle would end the whole process.
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
