import { Errno } from "../errors/index.ts";
import {
  btfGetFdById,
  btfGetNextId,
  closeFd,
  type GetFdByIdOptions,
  linkGetFdById,
  linkGetNextId,
  mapGetFdById,
  mapGetNextId,
  OwnedFd,
  progGetFdById,
  progGetNextId,
  tryBtfGetFdById,
  tryLinkGetFdById,
  tryMapGetFdById,
  tryProgGetFdById,
} from "../sys/index.ts";
import type { KernelObject } from "./kernel-object.ts";
import type { ObjectKind } from "./object-kind.ts";

const CALLS = {
  program: { nextId: progGetNextId, tryFd: tryProgGetFdById, fd: progGetFdById },
  map: { nextId: mapGetNextId, tryFd: tryMapGetFdById, fd: mapGetFdById },
  link: { nextId: linkGetNextId, tryFd: tryLinkGetFdById, fd: linkGetFdById },
  btf: { nextId: btfGetNextId, tryFd: tryBtfGetFdById, fd: btfGetFdById },
};

/** Options of {@link openObjects} and {@link objectFds}. */
export interface ObjectWalk extends GetFdByIdOptions {
  /** Lists only objects whose id is larger than this number. */
  readonly after?: number | undefined;
}

/**
 * Opens the kernel's objects of a kind one after another, in the order of their ids. The caller closes each fd. Skips
 * objects that disappear during the walk, and links that the kernel is still creating.
 */
export function* openObjects(
  kind: ObjectKind,
  options: ObjectWalk = {},
): Generator<{ readonly id: number; readonly fd: number }, void, undefined> {
  const { nextId, tryFd, fd: openFd } = CALLS[kind];
  for (let named = nextId(options.after ?? 0); named !== undefined; ) {
    // Most ids are consecutive, so try the next number before asking the kernel for the next id.
    let id = named;
    let fd = tryFd(id, options);
    for (; fd >= 0; fd = tryFd(++id, options)) yield { id, fd };
    if (-fd !== Errno.ENOENT && -fd !== Errno.EAGAIN) closeFd(openFd(id, options));
    // `id` cannot be opened. If the kernel returned `id`, ask for the next id after it. If `id` was only a guess, ask
    // for the next id that is `id` or higher: a new object may have this id by now.
    named = nextId(id === named ? id : id - 1);
  }
}

/** Yields an fd of each object of a kind. Closes each fd before it opens the next one. */
export function* objectFds(kind: ObjectKind, options: ObjectWalk = {}): Generator<number, void, undefined> {
  for (const { fd } of openObjects(kind, options)) {
    try {
      yield fd;
    } finally {
      closeFd(fd);
    }
  }
}

/** Yields each object of a kind. Closes an object before the next step, unless `takeObject` kept it open. */
export function* walkObjects<T extends KernelObject>(
  kind: ObjectKind,
  make: (fd: OwnedFd, id: number) => T,
): Generator<T, void, undefined> {
  for (const { id, fd } of openObjects(kind)) {
    const owned = new OwnedFd(fd, `${kind} ${id}`, { watched: false });
    let object: T | undefined;
    try {
      object = make(owned, id);
      yield object;
    } finally {
      if (object === undefined) owned.close();
      else if (!object.kept) object.close();
    }
  }
}

/**
 * Keeps an object open that an iteration over objects has yielded. The iteration then does not close it: the caller
 * becomes the owner and must close it.
 */
export function takeObject<T extends KernelObject>(object: T): T {
  object.keep();
  return object;
}
