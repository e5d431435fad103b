import type { MapDescription } from "../../inventory/index.ts";
import { mapTypeName, progTypeName } from "../../uapi/index.ts";
import { holdersText } from "../handle/holders.ts";
import type { Answer } from "../output/answer.ts";
import { type Column, tableAnswer } from "../output/table.ts";
import type { Options } from "../words/options.ts";

const COLUMNS: readonly Column<MapDescription>[] = [
  { name: "id", cell: ({ id }) => id },
  { name: "type", cell: ({ type }) => mapTypeName(type) ?? type },
  { name: "name", cell: ({ name }) => name },
  { name: "key", cell: ({ keySize }) => keySize },
  { name: "value", cell: ({ valueSize }) => valueSize },
  { name: "entries", cell: ({ maxEntries }) => maxEntries },
  { name: "memlock", cell: ({ memlock }) => memlock },
  { name: "flags", cell: ({ flags }) => (flags === 0 ? undefined : `0x${flags.toString(16)}`) },
  { name: "frozen", cell: ({ frozen }) => (frozen ? true : undefined) },
  {
    name: "owner",
    cell: ({ ownerProgType: type }) => (type === undefined ? undefined : (progTypeName(type) ?? type)),
    isExtra: true,
  },
  { name: "btf", cell: ({ btfId }) => (btfId === 0 ? undefined : btfId), isExtra: true },
  { name: "pinned", cell: ({ pins }) => pins },
  { name: "pids", cell: ({ holders = [] }) => holdersText(holders) },
];

/** Shows maps as a table. */
export function mapTable(maps: Iterable<MapDescription>, options: Options): Answer {
  return tableAnswer(maps, COLUMNS, options);
}
