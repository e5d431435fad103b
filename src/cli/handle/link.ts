import { isGone } from "../../kernel/index.ts";
import { linkGetFdById, linkGetNextId, OwnedFd } from "../../sys/index.ts";
import { failedTo } from "../reason.ts";
import type { Words } from "../words.ts";
import { parseU32 } from "./number.ts";
import { openPinned } from "./pinned.ts";
import { unexpected } from "./unexpected.ts";

/** Opens the link that `id N` or `pinned FILE` means. The caller closes it. */
export function takeLink(words: Words): OwnedFd {
  if (words.takeKeyword("id")) {
    const id = parseU32(words.take("a number"), "ID");
    try {
      return new OwnedFd(linkGetFdById(id), `link ${id}`);
    } catch (error) {
      throw failedTo(`failed to get link with ID ${id}`, error);
    }
  }
  if (words.takeKeyword("pinned")) return openPinned(words.take("a file"), "link");
  throw unexpected("'id' or 'pinned'", words);
}

/** Opens every link in the order of ids; those that go away meanwhile are left out. Each is the caller's to close. */
export function* eachLink(): Generator<OwnedFd> {
  for (let id = nextId(0); id !== undefined; id = nextId(id)) {
    let fd: number;
    try {
      fd = linkGetFdById(id);
    } catch (error) {
      if (isGone(error)) continue;
      throw failedTo(`can't get link by id (${id})`, error);
    }
    yield new OwnedFd(fd, `link ${id}`);
  }
}

function nextId(id: number): number | undefined {
  try {
    return linkGetNextId(id);
  } catch (error) {
    throw failedTo("can't get next link", error);
  }
}
