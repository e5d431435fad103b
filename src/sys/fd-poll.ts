import { ClosedError } from "../errors/index.ts";
import { epollAdd, epollCreate, epollRemove } from "./epoll.ts";
import { type PollHandle, pollReadable } from "./ffi.ts";
import { closeFd } from "./owned-fd.ts";

// Handles that are open: koffi stops calling back when nobody refers to one.
const open = new Set<FdPoll>();

/**
 * Waits for fds on the event loop: an epoll of its own, which the loop polls; `onReady` is also called once after the
 * loop's next turn. An open FdPoll keeps the process alive
 * until `unref()`. An fd must be removed before it is closed.
 */
export class FdPoll {
  #epollFd: number;
  #handle: PollHandle | undefined;
  readonly #onReady: () => void;

  /** Calls `onReady` whenever one of the fds is ready. What it throws becomes an uncaught exception, as from a timer. */
  constructor(onReady: () => void) {
    this.#epollFd = epollCreate();
    this.#onReady = onReady;
    try {
      // The handle's own rules: one per fd, never a bad fd or a regular file (libuv aborts the process), closed before
      // its fd. An exception that leaves its callback would pass through C++.
      this.#handle = pollReadable(this.#epollFd, () => {
        if (this.#handle === undefined) return;
        try {
          onReady();
        } catch (error) {
          queueMicrotask(() => {
            throw error;
          });
        }
      });
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
    setImmediate(() => {
      if (this.#handle !== undefined) this.#onReady();
    });
  }

  /** Lets the process end although it waits. */
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

  #fd(): number {
    if (this.#handle === undefined) throw new ClosedError("the poll");
    return this.#epollFd;
  }
}
