import { Errno, NotSupportedError, SyscallError, UsageError } from "../errors/index.ts";
import { KernelObject, type ObjectSource, openSource, takeObject, walkObjects } from "../kernel/index.ts";
import type { BpfMap } from "../map/index.ts";
import type { Program } from "../program/index.ts";
import { closeFd, linkDetach, linkGetFdById, linkHead, linkUpdate, OwnedFd } from "../sys/index.ts";
import { BpfLinkType, linkTypeName } from "../uapi/index.ts";
import { type LinkInfo, readLinkInfo } from "./info.ts";

/** How {@link Link.update} replaces. */
export interface UpdateOptions {
  /** Only if this is the link's program (or map) now; otherwise SyscallError with EPERM. */
  readonly old?: Program | BpfMap | undefined;
  /** Further flags of the kernel's. */
  readonly flags?: number | undefined;
}

/** All arguments of an update in one object, for {@link Link.updateArgs}. */
export interface UpdateArgs extends UpdateOptions {
  /** What takes the place of the link's program: a program, for struct_ops links a map. */
  readonly new: Program | BpfMap;
}

/**
 * An attachment of a program to a hook: what every `attach…` function returns.
 *
 * There are two kinds of it. A {@link KernelLink} is a BPF link (Linux 5.7; the kinds came one by one): an object of
 * the kernel with an id, which can be pinned, found again and handed on. An {@link Attachment} is what the kernel
 * offers where there is no link for that hook: the same face, but what cannot work throws a NotSupportedError that
 * says so. `close()` ends either, a KernelLink's only where it is not pinned and nobody else holds it.
 */
export interface Link extends Disposable {
  /** What it is, for errors. */
  readonly what: string;
  /** BPF_LINK_TYPE_*; of an {@link Attachment} the kind that a newer kernel would make, UNSPEC where there is none. */
  readonly type: BpfLinkType;
  /** `cgroup`, `xdp`, …; the number for a kind newer than this library. */
  readonly typeName: string;
  /** The kernel's number of the link. Throws NotSupportedError for an {@link Attachment}. */
  readonly id: number;
  /** The link's fd; it stays this object's own. Throws ClosedError after `close()`, NotSupportedError without one. */
  readonly fd: number;
  readonly closed: boolean;
  /** Where it was pinned by `pin()` or opened from; undefined if neither, or after `unpin()`. */
  readonly pinnedPath: string | undefined;
  /** Whether {@link pinnedPath} is set. Other pins of the same link may exist. */
  readonly isPinned: boolean;

  /** All that the kernel tells about the link, by its `kind` (5.8). */
  info(): LinkInfo;
  /**
   * Puts another program in place of the present one, without a moment of neither. For struct_ops links a map.
   * Throws NotSupportedError for kinds that cannot (tracing, perf events, …), UsageError for a program of another
   * type, SyscallError with EPERM where `old` is not the link's program, with ENOLINK after `detach()`.
   */
  update(next: Program | BpfMap, options?: UpdateOptions): void;
  /** {@link update} with all its arguments in one object. */
  updateArgs(args: UpdateArgs): void;
  /**
   * Takes the program off its hook at once, whoever holds the link; the link stays, without effect (5.9).
   * Throws NotSupportedError for kinds that cannot.
   */
  detach(): void;
  /** Pins the link at a path in a bpffs, so that it outlives the process (5.8). Returns the first directory made. */
  pin(path: string): string | undefined;
  /** Removes the pin of {@link pinnedPath}; nothing happens without one. */
  unpin(): void;
  /** Keeps a link of the {@link links} iteration open past its step. */
  take(): this;
  /** Ends the attachment, unless it is pinned or somebody else holds it. A second call does nothing. */
  close(): void;
}

const t = BpfLinkType;
/** The kinds whose program can be replaced. */
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

/** How a {@link KernelLink} is made of its fd. */
export interface KernelLinkOptions {
  /** The id, where it is known already: the kernel is asked for it otherwise, when it is first needed. */
  readonly id?: number | undefined;
  /** fds that the attachment was made with, such as a tracepoint's perf event: closed with the link. */
  readonly keeps?: readonly number[] | undefined;
  readonly pinnedPath?: string | undefined;
}

/** A {@link Link} that is a BPF link: an object of the kernel with an id. */
export class KernelLink extends KernelObject implements Link {
  readonly #keeps: readonly number[];
  #id: number | undefined;
  #type: BpfLinkType | undefined;

  constructor(fd: OwnedFd, options: KernelLinkOptions = {}) {
    const { id, keeps, pinnedPath } = options;
    super(fd, fd.what, pinnedPath);
    this.#id = id;
    this.#keeps = keeps ?? [];
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
    const { old, flags } = options;
    // Up to 6.18 this one call is a kernel BUG that leaves struct_ops locked until the machine is rebooted.
    if (this.type === t.BPF_LINK_TYPE_STRUCT_OPS) {
      const info = this.info();
      if (info.kind === "struct_ops" && info.mapId === next.id) {
        throw new UsageError(
          `link ${this.id} has ${next.what} already: an update to the same map can crash the kernel`,
        );
      }
    }
    try {
      linkUpdate(this.fd, next.fd, { flags, old_prog_fd: old?.fd });
    } catch (error) {
      throw error instanceof SyscallError ? this.#updateError(error, next, old) : error;
    }
  }

  updateArgs(args: UpdateArgs): void {
    this.update(args.new, args);
  }

  detach(): void {
    try {
      linkDetach(this.fd);
    } catch (error) {
      if (!(error instanceof SyscallError) || !isUnsupported(error.errno)) throw error;
      throw new NotSupportedError({ feature: `detaching a ${this.typeName} link` }, { cause: error });
    }
  }

  take(): this {
    return takeObject(this);
  }

  override close(): void {
    if (!this.closed) closeFd(this.release());
  }

  /** Gives the fd to the caller, who closes it; this object is closed. The kernel keeps for a link what it hangs on. */
  override release(): number {
    const fd = super.release();
    for (const kept of this.#keeps) closeFd(kept);
    return fd;
  }

  #readHead(): void {
    const { id, type } = linkHead(this.fd);
    this.#id = id;
    this.#type = type;
  }

  /** What an errno of LINK_UPDATE means. */
  #updateError(cause: SyscallError, next: Program | BpfMap, old: Program | BpfMap | undefined): Error {
    const { call, errno } = cause;
    const subject = `link ${this.id} (${this.typeName})`;
    // Of a kind that cannot be updated the kernel says EINVAL (link_update in kernel/bpf/syscall.c).
    const unknownKind = errno === Errno.EINVAL && !UPDATABLE.has(this.type);
    if (unknownKind || isUnsupported(errno)) {
      return new NotSupportedError({ feature: `updating a ${this.typeName} link` }, { cause });
    }
    if (errno === Errno.EPERM && old !== undefined) {
      const hint = `its program is not ${old.what} now, so it was left as it is`;
      return new SyscallError({ call, errno, subject, hint }, { cause });
    }
    if (errno === Errno.ENOLINK) {
      return new SyscallError({ call, errno, subject, hint: "it is detached from its hook" }, { cause });
    }
    if (errno === Errno.EINVAL) {
      const hint = `${next.what} (${next.typeName}) does not fit: it must be of the same type and attach type`;
      return new SyscallError({ call, errno, subject, hint }, { cause });
    }
    return cause;
  }
}

function isUnsupported(errno: number): boolean {
  return errno === Errno.EOPNOTSUPP || errno === Errno.ENOTSUPP;
}

/** Opens a link by id, pin or fd. Throws UsageError if there is none, or if it is something else. */
export function openLink(source: ObjectSource): KernelLink {
  return new KernelLink(openSource(source, "link", linkGetFdById), {
    id: "id" in source ? source.id : undefined,
    pinnedPath: "pinned" in source ? source.pinned : undefined,
  });
}

/**
 * All links of the kernel in the order of their ids, tolerant of links that vanish meanwhile.
 * Each is closed after its step unless it was `take()`n. Needs CAP_SYS_ADMIN.
 */
export function links(): Generator<KernelLink, void, undefined> {
  return walkObjects("link", (fd, id) => new KernelLink(fd, { id }));
}

/**
 * Makes a link of the fd that `create` returns; `keeps` are closed with it, and at once if that fails.
 * `what` names it in errors: `link of program pass to eth0`.
 */
export function newLink(create: () => number, keeps: readonly number[] = [], what = "link"): KernelLink {
  try {
    return new KernelLink(new OwnedFd(create(), what), { keeps });
  } catch (error) {
    for (const fd of keeps) closeFd(fd);
    throw error;
  }
}
