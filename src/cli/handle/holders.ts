import type { ObjectHolder, ObjectHoldersOptions } from "../../inventory/index.ts";
import type { JsonValue } from "../output/json-writer.ts";
import { escapeName } from "../output/terminal-text.ts";
import { writeNote } from "../output/write.ts";
import type { Options } from "../words/options.ts";

/** How a listing looks for the processes that hold its objects: this one is left out, and `-d` says what is missing. */
export function holderOptions({ debug }: Options): ObjectHoldersOptions {
  return { others: true, onGap: (why) => debug && writeNote(`pids: ${why}`) };
}

/** `pids` in text: `comm(pid), comm(pid)`. */
export function holdersText(refs: readonly ObjectHolder[]): string {
  return refs.map(({ pid, comm }) => `${escapeName(comm)}(${pid})`).join(", ");
}

/** `pids` in JSON; undefined, so that the member is left out, where nobody holds the object. */
export function holdersJson(refs: readonly ObjectHolder[]): JsonValue | undefined {
  return refs.length === 0 ? undefined : refs.map(({ pid, comm }) => ({ pid, comm }));
}
