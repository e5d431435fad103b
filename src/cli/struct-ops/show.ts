import { describeStructOps, type StructOpsDescription } from "../../inventory/index.ts";
import type { Run } from "../command/command.ts";
import { EXIT_FAILURE } from "../failure/command-error.ts";
import { failedTo } from "../failure/reason.ts";
import { formatJson } from "../output/json-writer.ts";
import type { Words } from "../words/words.ts";
import { noneFound, openStructOpsMap, takeHandle } from "./maps.ts";
import { contentsJson, structOpsJson, structOpsText } from "./render.ts";

/** `bpfts struct_ops show [STRUCT_OPS_MAP]`. */
export const showStructOps: Run = (words, options) => {
  const { found, missing } = find(words, false);
  if (missing !== undefined && !options.json) throw noneFound(missing);
  return { text: () => found.map(structOpsText), json: () => found.map(structOpsJson), exitCode: exitOf(missing) };
};

/** `bpfts struct_ops dump [STRUCT_OPS_MAP]`. As in bpftool, the text output is JSON too. */
export const dumpStructOps: Run = (words) => {
  const { found, missing } = find(words, true);
  const contents = found.flatMap((map) => map.contents ?? []);
  const json = (plain: boolean) => contents.flatMap((each) => contentsJson(each, plain));
  return { text: () => [`${formatJson(json(true), true)}\n`], json: () => json(false), exitCode: exitOf(missing) };
};

/** Returns the descriptions of the maps that the words name. If no map has the given name, `missing` is this name. */
function find(
  words: Words,
  contents: boolean,
): { readonly found: readonly StructOpsDescription[]; readonly missing: string | undefined } {
  const handle = takeHandle(words);
  using fd = "id" in handle ? openStructOpsMap(handle.id, "read") : undefined;
  const name = "name" in handle ? handle.name : undefined;
  try {
    const found = [...describeStructOps({ name, contents, fds: fd && [fd.number] })];
    return { found, missing: found.length === 0 ? name : undefined };
  } catch (error) {
    throw failedTo(contents ? "can't dump struct_ops maps" : "can't get struct_ops map info", error);
  }
}

/** As in bpftool, JSON output is an empty array if no map has the name, and only the exit code shows the failure. */
function exitOf(missing: string | undefined): number {
  return missing === undefined ? 0 : EXIT_FAILURE;
}
