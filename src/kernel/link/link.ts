import { Errno, NotSupportedError, SyscallError, UsageError } from "../../errors/index.ts";
import {
  closeFd,
  type LinkInfo,
  linkDetach,
  linkGetFdById,
  linkGetNextId,
  linkInfo,
  linkUpdate,
  OwnedFd,
} from "../../sys/index.ts";
import { BpfLinkType, linkTypeName } from "../../uapi/index.ts";
import { KernelObject, type ObjectSource, openSource, takeObject, walkObjects } from "../kernel-object.ts";
import type { BpfMap } from "../map/map.ts";
import type { Program } from "../program/program.ts";

/** How {@link Link.update} replaces. */
export interface UpdateOptions {
  /** Only if this is the link's program (or map) now; otherwise SyscallError with EPERM. */
  readonly old?: Program | BpfMap | undefined;
  /** Further flags of the kernel's. */
  readonly flags?: number | undefined;
}

/** The kinds whose program can be replaced. */
const UPDATABLE: ReadonlySet<number> = new Set([
  BpfLinkType.BPF_LINK_TYPE_CGROUP,
  BpfLinkType.BPF_LINK_TYPE_ITER,
  BpfLinkType.BPF_LINK_TYPE_NETNS,
  BpfLinkType.BPF_LINK_TYPE_XDP,
  BpfLinkType.BPF_LINK_TYPE_STRUCT_OPS,
  BpfLinkType.BPF_LINK_TYPE_TCX,
  BpfLinkType.BPF_LINK_TYPE_NETKIT,
  BpfLinkType.BPF_LINK_TYPE_SOCKMAP,
]);

/**
 * An attachment of a program to a hook. `close()` ends it, unless it is pinned or somebody else holds the link.
 * Linux 5.7; the kinds came one by one.
 */
export class Link extends KernelObject {
  readonly id: number;
  /** BPF_LINK_TYPE_*. */
  readonly type: BpfLinkType;
  /** What must live as long as the attachment: the perf event of a tracepoint. */
  readonly #keeps: readonly number[];

  constructor(fd: OwnedFd, options: { keeps?: readonly number[]; pinnedPath?: string | undefined } = {}) {
    const info = linkInfo(fd.number);
    super(fd, `link ${info.id}`, options.pinnedPath);
    this.id = info.id;
    this.type = info.type;
    this.#keeps = options.keeps ?? [];
  }

  /** `cgroup`, `xdp`, …; the number for a kind newer than this library. */
  get typeName(): string {
    return linkTypeName(this.type) ?? String(this.type);
  }

  /** All that the kernel tells about the link, by its `kind` (5.8). */
  info(): LinkInfo {
    return linkInfo(this.fd);
  }

  /**
   * Puts another program in place of the present one, without a moment of neither. For struct_ops links a map.
   * Throws NotSupportedError for kinds that cannot (tracing, perf events, …).
   */
  update(next: Program | BpfMap, options: UpdateOptions = {}): void {
    // Up to 6.18 this one call is a kernel BUG that leaves struct_ops locked until the machine is rebooted.
    const info = this.info();
    if (info.kind === "struct_ops" && info.map_id === next.id) {
      throw new UsageError(`${this.what} has ${next.what} already: an update to the same map can crash the kernel`);
    }
    const { old, flags } = options;
    this.#orNotSupported("updating", () =>
      linkUpdate(this.fd, next.fd, {
        ...(flags === undefined ? {} : { flags }),
        ...(old === undefined ? {} : { old_prog_fd: old.fd }),
      }),
    );
  }

  /** Takes the program off its hook at once, whoever holds the link; the link stays, without effect (5.9). */
  detach(): void {
    this.#orNotSupported("detaching", () => linkDetach(this.fd));
  }

  /** Keeps a link of the {@link links} iteration open past its step. */
  take(): this {
    return takeObject(this);
  }

  override close(): void {
    if (this.closed) return;
    super.close();
    for (const fd of this.#keeps) closeFd(fd);
  }

  #orNotSupported(what: "updating" | "detaching", call: () => void): void {
    try {
      call();
    } catch (error) {
      if (!(error instanceof SyscallError)) throw error;
      // Of a kind that cannot be updated the kernel says EINVAL (link_update in kernel/bpf/syscall.c).
      const cannot = what === "updating" && error.errno === Errno.EINVAL && !UPDATABLE.has(this.type);
      if (!cannot && error.errno !== Errno.EOPNOTSUPP && error.errno !== Errno.ENOTSUPP) throw error;
      throw new NotSupportedError({ feature: `${what} a ${this.typeName} link` }, { cause: error });
    }
  }
}

/** Opens a link by id, pin or fd. Throws UsageError if there is none, or if it is something else. */
export function openLink(source: ObjectSource): Link {
  return new Link(openSource(source, "link", linkGetFdById), {
    pinnedPath: "pinned" in source ? source.pinned : undefined,
  });
}

/**
 * All links of the kernel in the order of their ids, tolerant of links that vanish meanwhile.
 * Each is closed after its step unless it was `take()`n. Needs CAP_SYS_ADMIN.
 */
export function links(): Generator<Link, void, undefined> {
  return walkObjects(linkGetNextId, (id) => openLink({ id }));
}

/** Makes a Link of what `create` returns; `keeps` are closed with it, and at once if that fails. */
export function newLink(create: () => number, keeps: readonly number[] = []): Link {
  try {
    return new Link(new OwnedFd(create(), "link"), { keeps });
  } catch (error) {
    for (const fd of keeps) closeFd(fd);
    throw error;
  }
}
