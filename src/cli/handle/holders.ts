import type { ObjectHolder, ObjectHoldersOptions } from "../../inventory/index.ts";
import type { JsonValue } from "../output/json-writer.ts";
import { escapeName } from "../output/terminal-text.ts";
import { writeNote } from "../output/write.ts";
import type { Options } from "../words/options.ts";

/**
 * Returns the options with which a listing searches for the processes that hold its objects. This process is left out.
 * With `-d`, the command reports processes whose open files it cannot read.
 */
export function holderOptions({ debug }: Options): ObjectHoldersOptions {
  return { others: true, onGap: (why) => debug && writeNote(`pids: ${why}`) };
}

/** Formats the processes for the text field `pids`: `comm(pid), comm(pid)`. */
export function holdersText(refs: readonly ObjectHolder[]): string {
  return refs.map(({ pid, comm }) => `${escapeName(comm)}(${pid})`).join(", ");
}

/**
 * Formats the processes for the JSON member `pids`. Returns undefined if no process holds the object; the member is
 * then left out.
 */
export function holdersJson(refs: readonly ObjectHolder[]): JsonValue | undefined {
  return refs.length === 0 ? undefined : refs.map(({ pid, comm }) => ({ pid, comm }));
}
