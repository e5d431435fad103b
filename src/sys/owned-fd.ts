import { closeSync, openSync } from "node:fs";
import { isMainThread } from "node:worker_threads";
import { ClosedError, Errno } from "../errors/index.ts";
import { closeAt, syscall } from "./ffi.ts";
import { fail } from "./permission.ts";

/** The fds of this worker thread that Node closes when the thread ends. Undefined in the main thread. */
const closedByNode: Set<number> | undefined = isMainThread ? undefined : new Set();
const O_CLOEXEC = 0o2000000;

/**
 * Makes a worker thread's fd end with the thread, and returns the fd's new number. No JavaScript runs in a worker that is
 * terminated, but Node closes what was opened by node:fs: so this opens something and puts the file in its place. In the main
 * thread the fd stays as it is.
 */
export function endWithThread(fd: number): number {
  if (closedByNode === undefined || closedByNode.has(fd)) return fd;
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

/** Closes an fd. Not through node:fs, which warns in a worker about fds that it did not open. */
export function closeFd(fd: number): void {
  if (closedByNode?.delete(fd) === true) {
    closeSync(fd);
    return;
  }
  const result = closeAt(fd);
  // After EINTR the fd is closed on Linux; trying again might close another thread's new one.
  if (result < 0 && result !== -Errno.EINTR) throw fail("close", -result);
}

/** A second fd for the same open file (close-on-exec). */
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

// The collector never closes an fd: to lose a link is to detach it, and nobody should wonder when that happens.
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
 * Those made last. Most are closed soon, and to register one takes as long as a system call: so only those that are open
 * still when the present job ends, or when there are this many, are registered.
 */
const recent: OwnedFd[] = [];
const MOST_RECENT = 64;

/** An fd that somebody owns: closed once, unusable after, and warned about when it is forgotten. */
export class OwnedFd {
  /** What it is, for errors: `map "counts"`. */
  readonly what: string;
  #fd: number;
  #registered = false;

  /** `watched: false`: nobody is warned, because whoever made it closes it for certain, or calls `watch()`. */
  constructor(fd: number, what: string, options?: { readonly watched: false }) {
    this.#fd = options === undefined ? endWithThread(fd) : fd;
    this.what = what;
    if (options === undefined) this.watch();
  }

  /** Warns from now on when it is forgotten. */
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

  /** Gives the fd away: it stays open, and is now the caller's to close. */
  release(): number {
    const fd = this.number;
    this.#fd = -1;
    if (this.#registered) leaks?.unregister(this);
    return fd;
  }
}
