import { unlinkSync } from "node:fs";
import { resolve } from "node:path";
import { Errno, SyscallError, UsageError } from "../errors/index.ts";
import { nodeError, OwnedFd } from "../sys/index.ts";
import { kindOfFd, type ObjectKind } from "./object-kind.ts";
import { checkOptions, type OptionTable } from "./options.ts";
import { openPinnedFd, pinAt } from "./pin.ts";

/**
 * How to open an object of the kernel: by its id, from an fd, or from its pin. The JavaScript object becomes the owner
 * of the given fd.
 */
export type ObjectSource = { readonly id: number } | { readonly fd: number } | { readonly pinned: string };

/** The base class of programs, maps and links. It holds an fd and remembers at most one pin. */
export abstract class KernelObject implements Disposable {
  /** The name of the object in error messages, such as `map counts`. */
  readonly what: string;
  readonly #fd: OwnedFd;
  #kept = false;
  #pinnedPath: string | undefined;

  constructor(fd: OwnedFd, what: string, pinnedPath?: string) {
    this.#fd = fd;
    this.what = what;
    this.#pinnedPath = pinnedPath;
  }

  /** The file descriptor, which this object owns. Throws ClosedError after `close()`. */
  get fd(): number {
    return this.#fd.number;
  }

  get closed(): boolean {
    return this.#fd.closed;
  }

  /**
   * The path of the last `pin()`, or the path from which the object was opened; undefined if there is neither, and
   * after `unpin()`.
   */
  get pinnedPath(): string | undefined {
    return this.#pinnedPath;
  }

  /** True if {@link pinnedPath} is set. If it is not set, the object may still have other pins. */
  get isPinned(): boolean {
    return this.#pinnedPath !== undefined;
  }

  /**
   * Pins the object at a path in a bpffs, so that it outlives the process. Creates missing directories inside the
   * bpffs, and returns the topmost one that it created. Throws UsageError if the path is taken or is in no bpffs,
   * SyscallError otherwise. Linux 4.4; links 5.8.
   */
  pin(path: string): string | undefined {
    const made = pinAt(path, this.fd, this.what);
    this.#pinnedPath = resolve(path);
    return made;
  }

  /** @internal Stores the path of a pin that pinTogether() has made. */
  notePin(path: string): void {
    this.#pinnedPath = resolve(path);
  }

  /** Removes the pin at {@link pinnedPath}, if there is one. The object lives on while it is open. */
  unpin(): void {
    if (this.#pinnedPath === undefined) return;
    try {
      unlinkSync(this.#pinnedPath);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw nodeError(error, this.#pinnedPath);
    }
    this.#pinnedPath = undefined;
  }

  /** Closes the fd. The object stays in the kernel as long as it is pinned, attached or open elsewhere. */
  close(): void {
    this.#fd.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** @internal True if an iteration over objects leaves this object open. */
  get kept(): boolean {
    return this.#kept;
  }

  /**
   * @internal Makes an iteration over objects leave this object open. From then on, forgetting to close it causes a
   * warning.
   */
  keep(): void {
    this.#kept = true;
    this.#fd.watch();
  }

  /** Marks this object as closed, leaves its fd open and returns the fd. The caller must close the fd. */
  release(): number {
    return this.#fd.release();
  }
}

const SOURCE: OptionTable<{ id?: number; fd?: number; pinned?: string }> = {
  id: "natural",
  fd: "natural",
  pinned: "text",
};

/** Opens the object that a source names and checks that the object is of `kind`. `byId` opens an object by its id. */
export function openSource(source: ObjectSource, kind: ObjectKind, byId: (id: number) => number): OwnedFd {
  const caller = `open${kind.charAt(0).toUpperCase()}${kind.slice(1)}`;
  checkOptions(caller, source as unknown, SOURCE);
  if (Object.keys(source).length !== 1) {
    throw new UsageError(`${caller} needs exactly one of ${Object.keys(SOURCE).join(", ")}`);
  }
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

/**
 * Returns true for the error of an object that cannot be opened by its id, because the kernel has removed the object in
 * the meantime or has not finished creating it.
 */
export function isGone(error: unknown): boolean {
  return error instanceof SyscallError && (error.errno === Errno.ENOENT || error.errno === Errno.EAGAIN);
}

/**
 * Returns true for EPERM: the kernel forbids the call, mostly because CAP_SYS_ADMIN is missing. Opening an object by
 * its id needs this capability. Describing an object that was opened by its pin does not.
 */
export function isForbidden(error: unknown): boolean {
  return error instanceof SyscallError && error.errno === Errno.EPERM;
}

/** The key of the method that `util.inspect()` and `console.log()` call to show an object. */
export const INSPECT: unique symbol = Symbol.for("nodejs.util.inspect.custom") as never;

/** The type of `util.inspect`, which Node passes to the method {@link INSPECT}. */
export type Inspect = (value: unknown, options: object) => string;

/** Formats a live object: the name of its class, and the fields that identify it. */
export function inspectObject(className: string, fields: object, options: object, inspect: Inspect): string {
  return `${className} ${inspect(fields, options)}`;
}
