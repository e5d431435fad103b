import type { LinkInfo } from "../../sys/index.ts";
import type { ObjectRef } from "../references.ts";

/** A kernel symbol. */
export interface SymbolName {
  readonly func: string;
  /** Undefined for the kernel itself. */
  readonly module: string | undefined;
}

/** Everything that `link show` shows of a link. */
export interface LinkRecord {
  readonly info: LinkInfo;
  /** The type of a tracing link's program. */
  readonly progType: number | undefined;
  /** The device of an xdp, tcx or netkit link; undefined where this network namespace has no such device. */
  readonly devname: string | undefined;
  /** The symbols at a kprobe_multi link's addresses; an address that the kernel shows no symbol for is absent. */
  readonly symbols: ReadonlyMap<bigint, SymbolName>;
  /** Where it is pinned; undefined where that was not asked for, or no link is pinned anywhere. */
  readonly pinned: readonly string[] | undefined;
  readonly refs: readonly ObjectRef[];
}
