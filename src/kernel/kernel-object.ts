import { unlinkSync } from "node:fs";
import { resolve } from "node:path";
import { Errno, SyscallError, UsageError } from "../errors/index.ts";
import { nodeError, OwnedFd } from "../sys/index.ts";
import { kindOfFd, type ObjectKind } from "./object-kind.ts";
import { openPinnedFd, pinAt } from "./pin.ts";

/** How an object of the kernel is named to open it. A `fd` is taken over: closing the object closes it. */
export type ObjectSource = { readonly id: number } | { readonly fd: number } | { readonly pinned: string };

/** What the three kinds of objects that can be pinned share: an fd of their own, and at most one known pin. */
export abstract class KernelObject implements Disposable {
  /** What it is, for errors: `map counts`. */
  readonly what: string;
  readonly #fd: OwnedFd;
  #kept = false;
  #pinnedPath: string | undefined;

  constructor(fd: OwnedFd, what: string, pinnedPath?: string) {
    this.#fd = fd;
    this.what = what;
    this.#pinnedPath = pinnedPath;
  }

  /** The file descriptor; it stays this object's own. Throws ClosedError after `close()`. */
  get fd(): number {
    return this.#fd.number;
  }

  get closed(): boolean {
    return this.#fd.closed;
  }

  /** Where this object was pinned by `pin()` or opened from; undefined if neither, or after `unpin()`. */
  get pinnedPath(): string | undefined {
    return this.#pinnedPath;
  }

  /** Whether {@link pinnedPath} is set. Other pins of the same object may exist. */
  get isPinned(): boolean {
    return this.#pinnedPath !== undefined;
  }

  /**
   * Pins the object at a path in a bpffs, so that it outlives the process. Missing directories inside the bpffs are
   * made; the first of them is returned. Throws UsageError if the path is taken or is in no bpffs, SyscallError
   * otherwise. Linux 4.4; links 5.8.
   */
  pin(path: string): string | undefined {
    const made = pinAt(path, this.fd, this.what);
    this.#pinnedPath = resolve(path);
    return made;
  }

  /** @internal Notes that the object was pinned together with others. */
  notePin(path: string): void {
    this.#pinnedPath = resolve(path);
  }

  /** Removes the pin of {@link pinnedPath}; nothing happens without one. The object lives on while it is open. */
  unpin(): void {
    if (this.#pinnedPath === undefined) return;
    try {
      unlinkSync(this.#pinnedPath);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw nodeError(error, this.#pinnedPath);
    }
    this.#pinnedPath = undefined;
  }

  /** Closes the fd. A pin, an attachment by somebody else, or another fd keeps the object in the kernel. */
  close(): void {
    this.#fd.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** @internal Whether an iteration leaves it open after its step. */
  get kept(): boolean {
    return this.#kept;
  }

  /** @internal Has an iteration leave it open, and warns from now on when it is forgotten. */
  keep(): void {
    this.#kept = true;
    this.#fd.watch();
  }

  /** Gives the fd to the caller, who closes it; this object is closed. */
  release(): number {
    return this.#fd.release();
  }
}

/** An OwnedFd for a source, checked to be of `kind`; `byId` opens by id. */
export function openSource(source: ObjectSource, kind: ObjectKind, byId: (id: number) => number): OwnedFd {
  if ("pinned" in source) return openPinnedFd(source.pinned, kind);
  if ("fd" in source) {
    const found = kindOfFd(source.fd);
    if (found !== kind) throw new UsageError(`fd ${source.fd} is a ${found ?? "file of another kind"}, not a ${kind}`);
    return new OwnedFd(source.fd, kind);
  }
  try {
    return new OwnedFd(byId(source.id), `${kind} ${source.id}`);
  } catch (error) {
    if (error instanceof SyscallError && error.errno === Errno.ENOENT) {
      throw new UsageError(`there is no ${kind} with id ${source.id}`, { cause: error });
    }
    throw error;
  }
}

/** Whether an error says that an object with an id just listed is gone, or not ready yet. */
export function isGone(error: unknown): boolean {
  return error instanceof SyscallError && (error.errno === Errno.ENOENT || error.errno === Errno.EAGAIN);
}
