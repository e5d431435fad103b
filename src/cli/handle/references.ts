import { type ObjectHolder, quickProcPids } from "../../inventory/index.ts";
import type { ObjectKind } from "../../kernel/index.ts";
import type { JsonValue } from "../output/json-writer.ts";
import { writeText } from "../output/write.ts";
import type { Options } from "../words/options.ts";

/** A process that holds an object open. */
export type ObjectRef = ObjectHolder;

/** The processes that hold objects, by the objects' ids. */
export type ObjectRefs = ReadonlyMap<number, readonly ObjectRef[]>;

/**
 * Which processes hold objects of a kind, this one left out. Where that cannot be told nothing is, and `-d` says why.
 */
export async function gatherRefs(kind: ObjectKind, options: Options): Promise<ObjectRefs> {
  const tell = (why: string): void => {
    if (options.debug) writeText(2, `pids: ${why}\n`);
  };
  try {
    const how = { others: true, onGap: tell };
    return quickProcPids(kind, how) ?? (await import("./many-references.ts")).manyObjectPids(kind, how);
  } catch (error) {
    tell(error instanceof Error ? error.message : String(error));
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
