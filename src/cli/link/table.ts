import type { LinkDescription } from "../../inventory/index.ts";
import { linkTypeName } from "../../uapi/index.ts";
import { holdersText } from "../handle/holders.ts";
import type { Answer } from "../output/answer.ts";
import { type Column, tableAnswer } from "../output/table.ts";
import type { Options } from "../words/options.ts";
import { placeText } from "./render.ts";

const COLUMNS: readonly Column<LinkDescription>[] = [
  { name: "id", cell: ({ id }) => id },
  { name: "type", cell: ({ info }) => linkTypeName(info.type) ?? info.type },
  { name: "prog", cell: ({ info }) => (info.kind === "struct_ops" ? undefined : info.progId) },
  { name: "map", cell: ({ info }) => ("mapId" in info ? info.mapId : undefined) },
  { name: "attached", cell: placeText },
  { name: "cookie", cell: ({ perfCookie }) => perfCookie, isExtra: true },
  { name: "pinned", cell: ({ pins }) => pins },
  { name: "pids", cell: ({ holders = [] }) => holdersText(holders) },
];

/** Shows links as a table. */
export function linkTable(links: Iterable<LinkDescription>, options: Options): Answer {
  return tableAnswer(links, COLUMNS, options);
}
