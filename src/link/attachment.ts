import { ClosedError, NotSupportedError } from "../errors/index.ts";
import { type FeatureName, feature, INSPECT, type Inspect, inspectObject } from "../kernel/index.ts";
import type { BpfMap } from "../map/index.ts";
import type { Program } from "../program/index.ts";
import { type BpfLinkType, linkTypeName } from "../uapi/index.ts";
import type { LinkInfo } from "./info.ts";
import { checkUpdate, type Link, type UpdateOptions } from "./link.ts";

/** What the constructor of {@link Attachment} needs. */
export interface AttachmentOptions {
  /** The name that errors use: `sockmap attachment of program verdict to map peers`. */
  readonly what: string;
  /** The kind of BPF link that newer kernels have for this hook; BPF_LINK_TYPE_UNSPEC if no kernel has links for it. */
  readonly type: BpfLinkType;
  /**
   * The kernel feature that adds links to this hook, such as `link:perf_event`. Errors name the kernel version that has
   * this feature.
   */
  readonly linkFeature?: FeatureName | undefined;
  /**
   * Detaches the program and closes the fds that kept it attached. This function is called once, by `detach()` or
   * `close()`.
   */
  readonly end: () => void;
  /**
   * Replaces the program. Leave this function out if the hook cannot replace programs. If the replacement fails, the
   * function must leave the old program attached.
   */
  readonly update?: ((next: Program | BpfMap, options: UpdateOptions) => void) | undefined;
}

/**
 * A {@link Link} for a hook or a kernel without BPF links. The program is attached by PROG_ATTACH, by an ioctl on
 * a perf event, by an event in tracefs, or by a socket option. An Attachment has no id, no info and no pin: these
 * members throw NotSupportedError. `detach()` and `close()` both end the attachment. If neither is called, the hook
 * decides when the attachment ends: a perf event ends with the process; PROG_ATTACH lasts until the program is detached
 * or its target is gone.
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
    throw this.#unsupported("a link id for");
  }

  get fd(): number {
    throw this.#unsupported("a link fd for");
  }

  get closed(): boolean {
    return this.#closed;
  }

  info(): LinkInfo {
    throw this.#unsupported("link info for");
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

  /** Does nothing, because an attachment without a link has no pin. */
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
      detail: "the program is attached without a BPF link",
    });
  }
}
