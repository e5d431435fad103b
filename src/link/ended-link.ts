import { NotSupportedError } from "../errors/index.ts";
import { closeFd, OwnedFd } from "../sys/index.ts";
import { KernelLink } from "./link.ts";

/** Something of ours beside a link. */
export interface LinkEnd {
  /** Undoes it. Runs when the link was closed here and no pin keeps it, not if no link is made. */
  readonly run: () => void;
  /** Why the link cannot be pinned; it can where left out. */
  readonly unpinnable?: string | undefined;
}

class EndedLink extends KernelLink {
  readonly #end: LinkEnd;

  constructor(fd: OwnedFd, end: LinkEnd) {
    super(fd);
    this.#end = end;
  }

  override pin(path: string): string | undefined {
    const { unpinnable } = this.#end;
    if (unpinnable === undefined) return super.pin(path);
    throw new NotSupportedError({ feature: `pinning ${this.what}`, detail: unpinnable });
  }

  override close(): void {
    if (this.closed) return;
    super.close();
    if (!this.isPinned) this.#end.run();
  }
}

/** Makes a link of an fd, which is closed if that fails. */
export function linkOf(fd: number, end: LinkEnd | undefined): KernelLink {
  try {
    const owned = new OwnedFd(fd, "link");
    return end === undefined ? new KernelLink(owned) : new EndedLink(owned, end);
  } catch (error) {
    closeFd(fd);
    throw error;
  }
}
