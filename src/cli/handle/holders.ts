import type { ObjectHolder, ObjectHoldersOptions } from "../../inventory/index.ts";
import type { JsonValue } from "../output/json-writer.ts";
import { escapeName } from "../output/terminal-text.ts";
import { writeNote } from "../output/write.ts";
import type { Options } from "../words/options.ts";

/** Returns how a listing searches for the processes that hold its objects: without this one; `-d` reports gaps. */
export function holderOptions({ debug }: Options): ObjectHoldersOptions {
  return { others: true, onGap: (why) => debug && writeNote(`pids: ${why}`) };
}

/** Formats `pids` as text: `comm(pid), comm(pid)`. */
export function holdersText(refs: readonly ObjectHolder[]): string {
  return refs.map(({ pid, comm }) => `${escapeName(comm)}(${pid})`).join(", ");
}

/** Formats `pids` as JSON. Returns undefined if nobody holds the object, so that the member is left out. */
export function holdersJson(refs: readonly ObjectHolder[]): JsonValue | undefined {
  return refs.length === 0 ? undefined : refs.map(({ pid, comm }) => ({ pid, comm }));
}
