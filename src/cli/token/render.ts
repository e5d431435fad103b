import type { TokenMount } from "../../inventory/index.ts";
import type { JsonValue } from "../output/json-writer.ts";
import { escapeName } from "../output/terminal-text.ts";

const IN_A_LINE = 4;

/** Returns the lines of a mount in `token show`. */
export function tokenText({ path, ...lists }: TokenMount): string {
  const { commands, mapTypes, programTypes, attachTypes } = lists;
  return [
    `token_info  ${escapeName(path)}`,
    `allowed_cmds:${items(commands)}`,
    `allowed_maps:${items(mapTypes)}`,
    `allowed_progs:${items(programTypes)}`,
    `allowed_attachs:${items(attachTypes)}\n`,
  ].join("\n\t");
}

function items(names: readonly string[]): string {
  return names.map((name, i) => `${i % IN_A_LINE === 0 ? "\n\t  " : ""}${name.padEnd(20)}`).join("");
}

/** Returns the JSON object of a mount in `token show`. */
export function tokenJson({ path, commands, mapTypes, programTypes, attachTypes }: TokenMount): JsonValue {
  return {
    token_info: path,
    allowed_cmds: commands,
    allowed_maps: mapTypes,
    allowed_progs: programTypes,
    allowed_attachs: attachTypes,
  };
}
