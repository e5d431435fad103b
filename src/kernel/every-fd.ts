import { Errno } from "../errors/index.ts";
import {
  closeFd,
  linkGetFdById,
  linkGetNextId,
  progGetFdById,
  progGetNextId,
  tryLinkGetFdById,
  tryProgGetFdById,
} from "../sys/index.ts";

const CALLS = {
  program: { nextId: progGetNextId, tryFd: tryProgGetFdById, fd: progGetFdById },
  link: { nextId: linkGetNextId, tryFd: tryLinkGetFdById, fd: linkGetFdById },
};

/**
 * An fd of each object of a kind with an id above `after`, in the order of ids, closed when the next one is asked for; what goes away meanwhile is
 * left out. Most ids follow one another, so the next is tried before the kernel is asked for it.
 */
export function* everyFd(kind: "program" | "link", after = 0): Generator<number, void, undefined> {
  const { nextId, tryFd, fd: getFd } = CALLS[kind];
  for (let named = nextId(after); named !== undefined; ) {
    let id = named;
    let fd = tryFd(id);
    for (; fd >= 0; fd = tryFd(++id)) {
      try {
        yield fd;
      } finally {
        closeFd(fd);
      }
    }
    // EAGAIN: a link that is only being made.
    if (-fd !== Errno.ENOENT && -fd !== Errno.EAGAIN) closeFd(getFd(id));
    // What the kernel named itself is gone; what was only guessed may have come to be since.
    named = nextId(id === named ? id : id - 1);
  }
}
