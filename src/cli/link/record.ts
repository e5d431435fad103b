import type { LinkDescription } from "../../inventory/index.ts";
import type { ObjectRef } from "../handle/references.ts";

/** Everything that `link show` shows of a link. */
export interface LinkRecord extends LinkDescription {
  /** Where it is pinned; undefined where that was not asked for, or no link is pinned anywhere. */
  readonly pinned: readonly string[] | undefined;
  readonly refs: readonly ObjectRef[];
}
