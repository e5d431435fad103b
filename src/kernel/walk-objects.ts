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

/** How {@link openObjects} walks. */
export interface ObjectWalk extends GetFdByIdOptions {
  /** Starts after this id. */
  readonly after?: number | undefined;
}

/**
 * Opens the kernel's objects of a kind one after another, in the order of their ids. The caller closes each fd. Objects
 * that go away meanwhile are left out, and links that are only being made.
 */
export function* openObjects(
  kind: ObjectKind,
  options: ObjectWalk = {},
): Generator<{ readonly id: number; readonly fd: number }, void, undefined> {
  const { nextId, tryFd, fd: openFd } = CALLS[kind];
  for (let named = nextId(options.after ?? 0); named !== undefined; ) {
    // Most ids follow one another: the next number is tried before the kernel is asked for the next id.
    let id = named;
    let fd = tryFd(id, options);
    for (; fd >= 0; fd = tryFd(++id, options)) yield { id, fd };
    if (-fd !== Errno.ENOENT && -fd !== Errno.EAGAIN) closeFd(openFd(id, options));
    // An id that the kernel named is gone. One that was only guessed may have come into use since.
    named = nextId(id === named ? id : id - 1);
  }
}

/** Yields an fd of each object of a kind, which is closed when the next one is asked for. */
export function* objectFds(kind: ObjectKind, after = 0): Generator<number, void, undefined> {
  for (const { fd } of openObjects(kind, { after })) {
    try {
      yield fd;
    } finally {
      closeFd(fd);
    }
  }
}

/** Yields a live object of each one of a kind. It is closed after its step unless `takeObject` kept it. */
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

/** Keeps an object of an iteration open past its step. The caller becomes its owner and closes it. */
export function takeObject<T extends KernelObject>(object: T): T {
  object.keep();
  return object;
}
