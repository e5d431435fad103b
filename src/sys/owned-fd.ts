import { closeSync, openSync } from "node:fs";
import { ClosedError, Errno } from "../errors/index.ts";
import { closeAt, isMainThread, syscall } from "./ffi.ts";
import { fail } from "./permission.ts";

/** The fds that Node closes when this worker thread ends. Empty in the main thread. */
const closedByNode = new Set<number>();
const O_CLOEXEC = 0o2000000;

/**
 * Makes Node close an fd of a worker thread when the thread ends, and returns the fd's new number. A terminated worker
 * runs no JavaScript, but Node closes the fds that node:fs has opened. So this function opens a file by node:fs and
 * replaces it with the given fd (dup3). In the main thread it returns the fd unchanged.
 */
export function endWithThread(fd: number): number {
  if (isMainThread() || closedByNode.has(fd)) return fd;
  const own = openSync("/dev/null", "r");
  const result = syscall("dup3", fd, own, O_CLOEXEC);
  if (result < 0) {
    closeSync(own);
    throw fail("dup3", -result);
  }
  closedByNode.add(own);
  closeFd(fd);
  return own;
}

/**
 * Closes an fd. An fd that node:fs has opened is closed by node:fs. Any other fd is closed by close(2), because in a
 * worker node:fs would warn about it.
 */
export function closeFd(fd: number): void {
  if (closedByNode.delete(fd)) {
    closeSync(fd);
    return;
  }
  const result = closeAt(fd);
  // After EINTR the fd is closed on Linux. A retry might close another thread's new fd.
  if (result < 0 && result !== -Errno.EINTR) throw fail("close", -result);
}

/** Returns a second fd for the same open file (close-on-exec). */
export function duplicateFd(fd: number): number {
  const result = syscall("fcntl", fd, F_DUPFD_CLOEXEC, 3);
  if (result < 0) throw fail("fcntl(F_DUPFD_CLOEXEC)", -result);
  return endWithThread(result);
}
const F_DUPFD_CLOEXEC = 1030;

interface Leak {
  readonly what: string;
  readonly fd: number;
  readonly stack: string | undefined;
}

// Garbage collection only warns about a lost fd and does not close it. Closing it could detach a program at an
// unpredictable time.
let leaks: FinalizationRegistry<Leak> | undefined;
let tracing: boolean | undefined;

function warnOfLeak({ what, fd, stack }: Leak): void {
  process.emitWarning(`${what} (fd ${fd}) was dropped without close(); its fd stays open`, {
    type: "BpftsLeakWarning",
    code: "BPFTS_LEAK",
    detail: stack ?? "set BPFTS_TRACE_LEAKS=1 to see where it was made",
  });
}

/**
 * The newest fds, which are not yet registered for the warning. Registering an fd takes as long as a system call, and
 * most fds are closed soon. So an fd is registered only if it is still open after the current synchronous code, or when
 * this list is full.
 */
const recent: OwnedFd[] = [];
const MOST_RECENT = 64;

/**
 * Owns an fd and closes it once. Any use after that throws ClosedError. Warns if this object is garbage-collected while
 * the fd is open.
 */
export class OwnedFd {
  /** The name of the object in error messages, such as `map "counts"`. */
  readonly what: string;
  #fd: number;
  #registered = false;

  /**
   * `watched: false` turns the warning off. The caller must then make sure to close the fd, or call `watch()` later.
   */
  constructor(fd: number, what: string, options?: { readonly watched: false }) {
    this.#fd = options === undefined ? endWithThread(fd) : fd;
    this.what = what;
    if (options === undefined) this.watch();
  }

  /** Turns on the warning for the case that the fd is never closed. */
  watch(): void {
    tracing ??= process.env.BPFTS_TRACE_LEAKS !== undefined;
    if (tracing) {
      this.#register(new Error(`${this.what} was made here`).stack);
      return;
    }
    if (recent.length === 0) queueMicrotask(OwnedFd.#registerRecent);
    recent.push(this);
    if (recent.length >= MOST_RECENT) OwnedFd.#registerRecent();
  }

  static #registerRecent(this: void): void {
    for (const owned of recent) owned.#register(undefined);
    recent.length = 0;
  }

  #register(stack: string | undefined): void {
    if (this.#registered || this.#fd < 0) return;
    this.#registered = true;
    leaks ??= new FinalizationRegistry(warnOfLeak);
    leaks.register(this, { what: this.what, fd: this.#fd, stack }, this);
  }

  /** The fd. Throws ClosedError after `close()` or `release()`. */
  get number(): number {
    if (this.#fd < 0) throw new ClosedError(this.what);
    return this.#fd;
  }

  get closed(): boolean {
    return this.#fd < 0;
  }

  /** Closes the fd; a second call does nothing. */
  close(): void {
    if (this.#fd >= 0) closeFd(this.release());
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Gives up ownership and returns the fd, which stays open. The caller must close it. */
  release(): number {
    const fd = this.number;
    this.#fd = -1;
    if (this.#registered) leaks?.unregister(this);
    return fd;
  }
}
