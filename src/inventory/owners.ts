import { checkOptions, type ObjectKind, type OptionTable } from "../kernel/index.ts";
import {
  HOLDERS_OPTIONS,
  type ObjectHolder,
  type ObjectHoldersOptions,
  objectHolders,
} from "./holders/object-holders.ts";
import type { PinnableKind } from "./pins.ts";
import { pinnedPaths, pinsOf } from "./pins.ts";

/** Options of `describePrograms()`, `describeMaps()` and `describeLinks()`. */
export interface DescribeOptions {
  /**
   * Describes only the objects of these fds, in this order. Default: all objects in the kernel, in the order of their
   * ids.
   */
  readonly fds?: Iterable<number> | undefined;
  /** Adds the paths where each object is pinned. */
  readonly pins?: boolean | undefined;
  /** Adds the processes that hold each object open. */
  readonly holders?: boolean | ObjectHoldersOptions | undefined;
}

export const DESCRIBE_OPTIONS: OptionTable<DescribeOptions> = { fds: "any", pins: "boolean", holders: "any" };

/** Throws UsageError if the function `caller` does not have one of these options. */
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

/** The pins and processes that keep an object in the kernel. */
export interface Owners {
  /**
   * The object's pins, as paths in all mounted bpffs. Undefined if pins were not requested, or if no object of this
   * kind is pinned.
   */
  readonly pins?: readonly string[] | undefined;
  /** The processes that hold the object open. Undefined if holders were not requested. */
  readonly holders?: readonly ObjectHolder[] | undefined;
}

/**
 * Looks up the owners of all objects of a kind at once. Returns a function that takes an object's id and returns its
 * owners.
 */
export function findOwners(kind: PinnableKind, { pins, holders }: DescribeOptions): (id: number) => Owners {
  const paths = pins === true ? pinnedPaths(kind) : undefined;
  const holdersOf = findHolders(kind, holders);
  return (id) => ({ pins: pinsOf(paths, id), holders: holdersOf(id) });
}

/**
 * If requested, looks up the holders of all objects of a kind. Returns a function that takes an object's id and returns
 * its holders.
 */
export function findHolders(kind: ObjectKind, asked: DescribeOptions["holders"]): (id: number) => Owners["holders"] {
  if (asked === undefined || asked === false) return () => undefined;
  const found = searchHolders(kind, asked === true ? {} : asked);
  return (id) => found.get(id) ?? [];
}

/**
 * Searches for the holders of all objects. If the search fails, passes the error to `onGap` instead of throwing it,
 * because a listing without holders is better than no listing.
 */
function searchHolders(kind: ObjectKind, options: ObjectHoldersOptions): ReadonlyMap<number, readonly ObjectHolder[]> {
  try {
    return objectHolders(kind, options);
  } catch (error) {
    options.onGap?.(error instanceof Error ? error.message : String(error));
    return new Map();
  }
}
