import { Errno, NotSupportedError, SyscallError, UsageError } from "../errors/index.ts";
import {
  checkOptions,
  INSPECT,
  type Inspect,
  inspectObject,
  KernelObject,
  type ObjectSource,
  type OptionTable,
  openSource,
  walkObjects,
} from "../kernel/index.ts";
import { withArticle } from "../layout/index.ts";
import type { BpfMap } from "../map/index.ts";
import type { Program } from "../program/index.ts";
import { closeFd, linkDetach, linkGetFdById, linkHead, linkUpdate, OwnedFd } from "../sys/index.ts";
import { BpfLinkType, linkTypeName } from "../uapi/index.ts";
import { type LinkInfo, readLinkInfo } from "./info.ts";

/** Options of {@link Link.update}. */
export interface UpdateOptions {
  /** Replace only if the link's program (or map) is this one. Otherwise `update()` throws SyscallError with EPERM. */
  readonly old?: Program | BpfMap | undefined;
  /** Kernel flags that no other option sets. */
  readonly flags?: number | undefined;
}

const UPDATE_OPTIONS: OptionTable<UpdateOptions> = { old: "object", flags: "natural" };

/** Throws UsageError unless the first argument of `update()` is a program or map, and all options are known. */
export function checkUpdate(next: Program | BpfMap, options: UpdateOptions): void {
  if (!(next instanceof KernelObject)) {
    throw new UsageError('update needs a Program as its first argument, such as object.program("name")');
  }
  checkOptions("update", options, UPDATE_OPTIONS);
}

/**
 * An attachment of a program to a hook. Every `attach…` function returns one. There are two kinds. A {@link KernelLink}
 * is a BPF link (the first kinds since Linux 5.7): a kernel object with an id, which can be pinned, opened again and
 * passed to other processes. An {@link Attachment} is returned where the hook or the kernel has no BPF links. It has
 * the same methods; those that it cannot support throw NotSupportedError. `close()` ends an Attachment. It ends a
 * KernelLink only if the link is not pinned and no other fd holds the link.
 */
export interface Link extends Disposable {
  /** The name that errors use. */
  readonly what: string;
  /**
   * BPF_LINK_TYPE_*. For an {@link Attachment}, it is the kind of link that a newer kernel would make, or UNSPEC if no
   * kernel makes one.
   */
  readonly type: BpfLinkType;
  /**
   * The name of {@link type}: `cgroup`, `xdp`, … If the kind is newer than this library, it is the number as a text.
   */
  readonly typeName: string;
  /** The kernel's id of the link. Throws NotSupportedError for an {@link Attachment}. */
  readonly id: number;
  /**
   * The link's fd. This object still owns it. Throws ClosedError after `close()`, and NotSupportedError for an {@link
   * Attachment}.
   */
  readonly fd: number;
  readonly closed: boolean;
  /**
   * The path at which `pin()` pinned the link, or from which the link was opened. Undefined if there is no such path,
   * and after `unpin()`.
   */
  readonly pinnedPath: string | undefined;
  /** True if {@link pinnedPath} is set. The same link may have other pins. */
  readonly isPinned: boolean;

  /** Reads the kernel's information about the link (5.8). Which fields exist depends on `kind`. */
  info(): LinkInfo;
  /**
   * Replaces the program atomically. For struct_ops links, `next` is a map. Throws NotSupportedError for kinds that
   * cannot be updated (tracing, perf events, …). Throws UsageError for a program of another type. Throws SyscallError
   * with EPERM if `old` is not the link's program, and with ENOLINK after `detach()`.
   */
  update(next: Program | BpfMap, options?: UpdateOptions): void;
  /**
   * Detaches the program at once, even if other processes hold the link (5.9). The link still exists, but has no
   * effect. Throws NotSupportedError for kinds that cannot be detached.
   */
  detach(): void;
  /**
   * Pins the link at a path in a bpffs, so that the link outlives the process (5.8). Returns the first directory that
   * this call created; undefined if it created none.
   */
  pin(path: string): string | undefined;
  /** Removes the pin at {@link pinnedPath}. Does nothing if there is no such pin. */
  unpin(): void;
  /** Ends the attachment, unless a pin or another fd holds the link. A second call does nothing. */
  close(): void;
}

const t = BpfLinkType;
/** The kinds of links whose program can be replaced. */
const UPDATABLE: ReadonlySet<number> = new Set([
  t.BPF_LINK_TYPE_CGROUP,
  t.BPF_LINK_TYPE_ITER,
  t.BPF_LINK_TYPE_NETNS,
  t.BPF_LINK_TYPE_XDP,
  t.BPF_LINK_TYPE_STRUCT_OPS,
  t.BPF_LINK_TYPE_TCX,
  t.BPF_LINK_TYPE_NETKIT,
  t.BPF_LINK_TYPE_SOCKMAP,
]);

/** How to remove what this library has added for a link, such as an event in tracefs or elements of a map. */
export interface Cleanup {
  /**
   * Removes what was added. This function is called when the link is closed and is not pinned. If the link could not be
   * created, it is not called.
   */
  readonly run: () => void;
  /** The reason why the link cannot be pinned. Leave it out if the link can be pinned. */
  readonly unpinnable?: string | undefined;
}

/** What the caller knows about a link whose fd it passes. */
export interface KernelLinkOptions {
  /** The id of the link. If it is left out, it is read from the kernel when it is first needed. */
  readonly id?: number | undefined;
  readonly pinnedPath?: string | undefined;
  readonly cleanup?: Cleanup | undefined;
}

/** A {@link Link} that is a BPF link: a kernel object with an id. */
export class KernelLink extends KernelObject implements Link {
  readonly #cleanup: Cleanup | undefined;
  #id: number | undefined;
  #type: BpfLinkType | undefined;

  constructor(fd: OwnedFd, options: KernelLinkOptions = {}) {
    super(fd, fd.what, options.pinnedPath);
    this.#id = options.id;
    this.#cleanup = options.cleanup;
  }

  /**
   * @internal Makes a link from a new fd. Errors use `what` as the link's name: `link of program pass to network device
   * eth0`.
   */
  static of(fd: number, what: string, cleanup?: Cleanup): KernelLink {
    return new KernelLink(new OwnedFd(fd, what), { cleanup });
  }

  get id(): number {
    if (this.#id === undefined) this.#readHead();
    return this.#id as number;
  }

  get type(): BpfLinkType {
    if (this.#type === undefined) this.#readHead();
    return this.#type as BpfLinkType;
  }

  get typeName(): string {
    return linkTypeName(this.type) ?? String(this.type);
  }

  info(): LinkInfo {
    const info = readLinkInfo(this.fd);
    this.#id = info.id;
    this.#type = info.type;
    return info;
  }

  update(next: Program | BpfMap, options: UpdateOptions = {}): void {
    checkUpdate(next, options);
    const { old, flags } = options;
    // Up to 6.18, updating a struct_ops link to the map that it already has triggers a kernel BUG, which locks
    // struct_ops until the next reboot.
    if (this.type === t.BPF_LINK_TYPE_STRUCT_OPS) {
      const info = this.info();
      if (info.kind === "struct_ops" && info.mapId === next.id) {
        throw new UsageError(
          `link ${this.id} already has ${next.what}, and an update to the same map can crash the kernel`,
        );
      }
    }
    try {
      linkUpdate(this.fd, next.fd, { flags, old_prog_fd: old?.fd });
    } catch (error) {
      throw error instanceof SyscallError ? this.#updateError(error, next, old) : error;
    }
  }

  detach(): void {
    try {
      linkDetach(this.fd);
    } catch (error) {
      if (!(error instanceof SyscallError) || !isUnsupported(error.errno)) throw error;
      throw new NotSupportedError({ feature: `detaching ${withArticle(this.typeName)} link` }, { cause: error });
    }
  }

  override pin(path: string): string | undefined {
    const why = this.#cleanup?.unpinnable;
    if (why === undefined) return super.pin(path);
    throw new NotSupportedError({ feature: `pinning the ${this.what}`, detail: why });
  }

  override close(): void {
    if (this.closed) return;
    closeFd(this.release());
    if (!this.isPinned) this.#cleanup?.run();
  }

  [INSPECT](_depth: number, options: object, inspect: Inspect): string {
    const { closed, pinnedPath, what } = this;
    if (!closed && this.#type === undefined) this.#readHead();
    const kind = this.#type === undefined ? undefined : this.typeName;
    return inspectObject("KernelLink", { id: this.#id, kind, what, pinnedPath, closed }, options, inspect);
  }

  #readHead(): void {
    const { id, type } = linkHead(this.fd);
    this.#id = id;
    this.#type = type;
  }

  /** Returns the error that explains a failed LINK_UPDATE. */
  #updateError(cause: SyscallError, next: Program | BpfMap, old: Program | BpfMap | undefined): Error {
    const { call, errno } = cause;
    // The kernel returns EINVAL for a kind that cannot be updated (link_update in kernel/bpf/syscall.c).
    const isFixed = errno === Errno.EINVAL && !UPDATABLE.has(this.type);
    if (isFixed || isUnsupported(errno)) {
      return new NotSupportedError({ feature: `updating ${withArticle(this.typeName)} link` }, { cause });
    }
    const hint = updateHint(errno, next, old);
    if (hint === undefined) return cause;
    return new SyscallError({ call, errno, subject: `link ${this.id} (${this.typeName})`, hint }, { cause });
  }
}

function updateHint(errno: number, next: Program | BpfMap, old: Program | BpfMap | undefined): string | undefined {
  switch (errno) {
    case Errno.EPERM:
      return old && `the link's program is not ${old.what}, so nothing was replaced`;
    case Errno.ENOLINK:
      return "the link is detached from its hook";
    case Errno.EINVAL:
      return `${next.what} (${next.typeName}) does not fit: it must have the same type and attach type as the link's program`;
    default:
      return undefined;
  }
}

function isUnsupported(errno: number): boolean {
  return errno === Errno.EOPNOTSUPP || errno === Errno.ENOTSUPP;
}

/** Opens a link by id, pin or fd. Throws UsageError if the object does not exist or is not a link. */
export function openLink(source: ObjectSource): KernelLink {
  return new KernelLink(openSource(source, "link", linkGetFdById), {
    id: "id" in source ? source.id : undefined,
    pinnedPath: "pinned" in source ? source.pinned : undefined,
  });
}

/**
 * Iterates over all links of the kernel in the order of their ids (needs CAP_SYS_ADMIN). Opens each link for one step
 * of the loop and closes it afterwards, unless `takeObject` kept it open. Skips links that disappear during the
 * iteration.
 */
export function links(): Generator<KernelLink, void, undefined> {
  return walkObjects("link", (fd, id) => new KernelLink(fd, { id }));
}
