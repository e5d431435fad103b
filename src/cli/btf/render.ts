import type { MemberPlace } from "../../btf/index.ts";
import type { BtfDescription } from "../../inventory/index.ts";
import { holdersJson, holdersText } from "../handle/holders.ts";
import type { JsonValue } from "../output/json-writer.ts";

/** Formats a BTF object as `btf show` does: one line, and one more for the processes that hold it. */
export function btfText({ id, name, size, isKernel, programIds, mapIds, holders = [] }: BtfDescription): string {
  let text = `${id}: name ${isKernel ? `[${name}]` : name || "<anon>"}  size ${size}B`;
  if (programIds.length > 0) text += `  prog_ids ${programIds.join(",")}`;
  if (mapIds.length > 0) text += `  map_ids ${mapIds.join(",")}`;
  if (holders.length > 0) text += `\n\tpids ${holdersText(holders)}`;
  return `${text}\n`;
}

/** Returns the JSON object of `btf show`, with the members in bpftool's order. */
export function btfJson({ id, name, size, isKernel, programIds, mapIds, holders = [] }: BtfDescription): JsonValue {
  return {
    id,
    size,
    prog_ids: programIds,
    map_ids: mapIds,
    pids: holdersJson(holders),
    kernel: isKernel,
    name: name === "" ? undefined : name,
  };
}

/**
 * Returns the byte offset of a member as text. For a bitfield that does not begin at the start of a byte, the number of
 * the bit is appended.
 */
export function placeText({ bitOffset }: Pick<MemberPlace, "bitOffset">): string {
  const bit = bitOffset % 8;
  return `${(bitOffset - bit) / 8}${bit === 0 ? "" : `.${bit}`}`;
}
