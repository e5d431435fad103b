import { mkdirSync, readlinkSync, rmdirSync, statSync, unlinkSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { Errno, SyscallError, UsageError } from "../errors/index.ts";
import { isBpffs, OwnedFd, objGet, objPin } from "../sys/index.ts";

/** How an object of the kernel is named to open it. A `fd` is taken over: closing the object closes it. */
export type ObjectSource = { readonly id: number } | { readonly fd: number } | { readonly pinned: string };

/** The kinds of objects that have an fd of bpf(2). */
export type ObjectKind = "program" | "map" | "link" | "btf";

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

  /** Removes the pin of {@link pinnedPath}; nothing happens without one. The object lives on while it is open. */
  unpin(): void {
    if (this.#pinnedPath === undefined) return;
    try {
      unlinkSync(this.#pinnedPath);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
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

/** Pins an fd at a path, with an error that says which of the usual mistakes it was. Returns the first directory made. */
function pinAt(path: string, fd: number, what: string): string | undefined {
  if (path === "") throw new UsageError(`${what}: an empty path cannot be pinned to`);
  const directory = dirname(resolve(path));
  const base = resolve(path).slice(directory.length).replace(/^\//, "");
  const parent = existingParent(directory);
  if (!isBpffs(parent)) {
    throw new UsageError(
      `${what} cannot be pinned at ${path}: ${parent} is not in a bpffs (mount one with: mount -t bpf bpf /sys/fs/bpf)`,
    );
  }
  // The kernel refuses dots since 4.4 (bpf_lookup in kernel/bpf/inode.c): they are kept for its own files.
  if (base.includes(".")) {
    throw new UsageError(`${what} cannot be pinned at ${path}: a name in a bpffs cannot have a dot`);
  }
  const made = parent === directory ? undefined : mkdirSync(directory, { recursive: true, mode: 0o700 });
  try {
    objPin(path, fd);
    return made;
  } catch (error) {
    if (made !== undefined) removeDirectories(directory, made);
    if (error instanceof SyscallError && error.errno === Errno.EEXIST) {
      throw new UsageError(`${what} cannot be pinned at ${path}: the path exists already`, { cause: error });
    }
    throw error;
  }
}

/** Removes empty directories from `last` up to and with `first`, which holds it. */
export function removeDirectories(last: string, first: string): void {
  for (let path = last; path.length >= first.length; path = dirname(path)) rmdirSync(path);
}

function existingParent(directory: string): string {
  let path = directory;
  while (path !== "/" && statSync(path, { throwIfNoEntry: false }) === undefined) path = dirname(path);
  return path;
}

/**
 * Opens a pinned object that must be of `kind`; a map's `flags` are BPF_F_RDONLY, BPF_F_WRONLY or none. Throws
 * UsageError if the path holds something else or nothing.
 */
export function openPinnedFd(path: string, kind: ObjectKind, flags = 0): OwnedFd {
  let number: number;
  try {
    number = objGet(path, { file_flags: flags });
  } catch (error) {
    if (!(error instanceof SyscallError)) throw error;
    if (error.errno === Errno.ENOENT) throw new UsageError(`nothing is pinned at ${path}`, { cause: error });
    // Of a file outside a bpffs the kernel says EACCES, of a bpffs' directory EPERM.
    if (!isBpffs(path)) throw new UsageError(`${path} is not in a bpffs`, { cause: error });
    if (statSync(path).isDirectory()) throw new UsageError(`${path} is a directory, not a pin`, { cause: error });
    throw error;
  }
  const fd = new OwnedFd(number, `${kind} pinned at ${path}`);
  const found = kindOfFd(fd.number);
  if (found === kind) return fd;
  fd.close();
  throw new UsageError(`${path} holds a ${found ?? "file of another kind"}, not a ${kind}`);
}

/** Which kind of object an fd is, by the name that the kernel gives its file; undefined for other files. */
export function kindOfFd(fd: number): ObjectKind | undefined {
  const target = readlinkSync(`/proc/self/fd/${fd}`);
  const name = /^anon_inode:\[?bpf[-_](prog|map|link)\]?$/.exec(target)?.[1];
  if (name !== undefined) return name === "prog" ? "program" : (name as "map" | "link");
  return /^anon_inode:\[?btf\]?$/.test(target) ? "btf" : undefined;
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
