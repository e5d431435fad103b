import { checkOptions, type ObjectKind, type OptionTable } from "../kernel/index.ts";
import {
  HOLDERS_OPTIONS,
  type ObjectHolder,
  type ObjectHoldersOptions,
  objectHolders,
} from "./holders/object-holders.ts";
import type { PinnableKind } from "./pins.ts";
import { pinnedPaths, pinsOf } from "./pins.ts";

/** What `describePrograms()`, `describeMaps()` and `describeLinks()` describe, and how much of it. */
export interface DescribeOptions {
  /** Describes only these open objects, in this order. Default: all that the kernel has, in the order of their ids. */
  readonly fds?: Iterable<number> | undefined;
  /** Adds where each object is pinned. */
  readonly pins?: boolean | undefined;
  /** Adds which processes hold each object open. */
  readonly holders?: boolean | ObjectHoldersOptions | undefined;
}

export const DESCRIBE_OPTIONS: OptionTable<DescribeOptions> = { fds: "any", pins: "boolean", holders: "any" };

/** Throws UsageError for options that a function of this family does not have. */
export function checkDescribeOptions<T extends DescribeOptions>(
  caller: string,
  options: T,
  table: OptionTable<T>,
): void {
  checkOptions(caller, options, table);
  const { holders } = options;
  if (holders !== undefined && typeof holders !== "boolean") {
    checkOptions(`${caller} ({ holders })`, holders, HOLDERS_OPTIONS);
  }
}

/** What keeps an object in the kernel. */
export interface Owners {
  /** Paths in every mounted bpffs. Undefined if they were not asked for, or if no object of this kind is pinned. */
  readonly pins?: readonly string[] | undefined;
  /** Undefined if they were not asked for. */
  readonly holders?: readonly ObjectHolder[] | undefined;
}

/** Looks up the owners of all objects of a kind at once. Returns a function that knows those of each id. */
export function findOwners(kind: PinnableKind, { pins, holders }: DescribeOptions): (id: number) => Owners {
  const paths = pins === true ? pinnedPaths(kind) : undefined;
  const holdersOf = findHolders(kind, holders);
  return (id) => ({ pins: pinsOf(paths, id), holders: holdersOf(id) });
}

/** Looks up who holds the objects of a kind, if that was asked for. Returns a function that knows those of each id. */
export function findHolders(kind: ObjectKind, asked: DescribeOptions["holders"]): (id: number) => Owners["holders"] {
  if (asked === undefined || asked === false) return () => undefined;
  const found = searchHolders(kind, asked === true ? {} : asked);
  return (id) => found.get(id) ?? [];
}

/** A listing without its holders is better than none: what prevents the search goes to `onGap`. */
function searchHolders(kind: ObjectKind, options: ObjectHoldersOptions): ReadonlyMap<number, readonly ObjectHolder[]> {
  try {
    return objectHolders(kind, options);
  } catch (error) {
    options.onGap?.(error instanceof Error ? error.message : String(error));
    return new Map();
  }
}
