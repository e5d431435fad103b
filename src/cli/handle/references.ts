import { type ObjectHolder, type ObjectHoldersOptions, objectHolders } from "../../inventory/index.ts";
import type { ObjectKind } from "../../kernel/index.ts";
import type { JsonValue } from "../output/json-writer.ts";
import { writeText } from "../output/write.ts";
import type { Options } from "../words/options.ts";

/** A process that holds an object open. */
export type ObjectRef = ObjectHolder;

/** The processes that hold objects, by the objects' ids. */
export type ObjectRefs = ReadonlyMap<number, readonly ObjectRef[]>;

/** How a listing looks for the processes that hold its objects: this one is left out, and `-d` says what is missing. */
export function holderOptions({ debug }: Options): ObjectHoldersOptions {
  return { others: true, onGap: (why) => debug && writeText(2, `pids: ${why}\n`) };
}

/** Finds the processes that hold objects of a kind. If that fails the listing does without, and `-d` says why. */
export function gatherRefs(kind: ObjectKind, options: Options): ObjectRefs {
  const how = holderOptions(options);
  try {
    return objectHolders(kind, how);
  } catch (error) {
    how.onGap?.(error instanceof Error ? error.message : String(error));
    return new Map();
  }
}

/** `pids` in text: `comm(pid), comm(pid)`. */
export function refsText(refs: readonly ObjectRef[]): string {
  return refs.map(({ pid, comm }) => `${comm}(${pid})`).join(", ");
}

/** `pids` in JSON; undefined, so that the member is left out, where nobody holds the object. */
export function refsJson(refs: readonly ObjectRef[]): JsonValue | undefined {
  return refs.length === 0 ? undefined : refs.map(({ pid, comm }) => ({ pid, comm }));
}
