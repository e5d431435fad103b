import { ClosedError, NotSupportedError } from "../errors/index.ts";
import { type FeatureName, feature, INSPECT, type Inspect, inspectObject } from "../kernel/index.ts";
import type { BpfMap } from "../map/index.ts";
import type { Program } from "../program/index.ts";
import { type BpfLinkType, linkTypeName } from "../uapi/index.ts";
import type { LinkInfo } from "./info.ts";
import { checkUpdate, type Link, type UpdateOptions } from "./link.ts";

/** What an {@link Attachment} is made of. */
export interface AttachmentOptions {
  /** What it is, for errors: `sockmap attachment of program verdict to map peers`. */
  readonly what: string;
  /** BPF_LINK_TYPE_* that a kernel with links for this hook would make; BPF_LINK_TYPE_UNSPEC where none does. */
  readonly type: BpfLinkType;
  /** The kernel's feature that would make a link here, such as `link:perf_event`; errors say since when it is there. */
  readonly linkFeature?: FeatureName | undefined;
  /** Takes the program off its hook and closes what kept it there. Called once, by `detach()` or `close()`. */
  readonly end: () => void;
  /** Replaces the program, where the hook can; it must leave the old one in place when it fails. */
  readonly update?: ((next: Program | BpfMap, options: UpdateOptions) => void) | undefined;
}

/**
 * A {@link Link} without a BPF link: made by PROG_ATTACH, by an ioctl of a perf event, by an event in tracefs or by a
 * socket option, where the hook or the kernel has no link. It has no id and no info and cannot be pinned; those members
 * throw NotSupportedError. `detach()` and `close()` both end it. How long it lasts otherwise depends on the hook: a perf
 * event ends with the process; a program attached by PROG_ATTACH stays until it is taken off or its target is gone.
 */
export class Attachment implements Link {
  readonly what: string;
  readonly type: BpfLinkType;
  readonly pinnedPath: undefined = undefined;
  readonly isPinned: false = false;
  readonly #linkFeature: FeatureName | undefined;
  readonly #end: () => void;
  readonly #update: AttachmentOptions["update"];
  #ended = false;
  #closed = false;

  constructor(options: AttachmentOptions) {
    this.what = options.what;
    this.type = options.type;
    this.#linkFeature = options.linkFeature;
    this.#end = options.end;
    this.#update = options.update;
  }

  get typeName(): string {
    return linkTypeName(this.type) ?? String(this.type);
  }

  get id(): number {
    throw this.#unsupported("the id of");
  }

  get fd(): number {
    throw this.#unsupported("the link fd of");
  }

  get closed(): boolean {
    return this.#closed;
  }

  info(): LinkInfo {
    throw this.#unsupported("the link info of");
  }

  update(next: Program | BpfMap, options: UpdateOptions = {}): void {
    checkUpdate(next, options);
    if (this.#closed) throw new ClosedError(this.what);
    if (this.#update === undefined) throw this.#unsupported("updating");
    this.#update(next, options);
  }

  detach(): void {
    if (this.#closed) throw new ClosedError(this.what);
    this.#finish();
  }

  pin(_path: string): string | undefined {
    throw this.#unsupported("pinning");
  }

  /** Nothing is pinned, so nothing happens. */
  unpin(): void {}

  close(): void {
    this.#closed = true;
    this.#finish();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  [INSPECT](_depth: number, options: object, inspect: Inspect): string {
    const { what, typeName: kind, closed } = this;
    return inspectObject("Attachment", { what, kind, detached: this.#ended, closed }, options, inspect);
  }

  #finish(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#end();
  }

  #unsupported(what: string): Error {
    if (this.#closed) return new ClosedError(this.what);
    return new NotSupportedError({
      feature: `${what} the ${this.what}`,
      minVersion: this.#linkFeature && feature(this.#linkFeature).since,
      detail: "it is attached without a BPF link",
    });
  }
}
