import { closeFd, OwnedFd } from "../../sys/index.ts";
import { KernelLink } from "./link.ts";

/** A link with something of ours beside it, which ends when the link is closed here and no pin keeps it. */
class EndedLink extends KernelLink {
  readonly #end: () => void;

  constructor(fd: OwnedFd, end: () => void) {
    super(fd);
    this.#end = end;
  }

  override close(): void {
    if (this.closed) return;
    super.close();
    if (!this.isPinned) this.#end();
  }
}

/** Makes a link of an fd; `end` runs after it is closed, and at once if the link cannot be made. */
export function linkOf(fd: number, end: (() => void) | undefined): KernelLink {
  try {
    const owned = new OwnedFd(fd, "link");
    return end === undefined ? new KernelLink(owned) : new EndedLink(owned, end);
  } catch (error) {
    closeFd(fd);
    throw error;
  }
}
