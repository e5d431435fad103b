import type { ProgramDescription } from "../../inventory/index.ts";
import { progTypeName } from "../../uapi/index.ts";
import { holdersText } from "../handle/holders.ts";
import type { Answer } from "../output/answer.ts";
import { type Column, tableAnswer } from "../output/table.ts";
import type { Options } from "../words/options.ts";
import { isoLocalTime } from "./render.ts";

const COLUMNS: readonly Column<ProgramDescription>[] = [
  { name: "id", cell: ({ id }) => id },
  { name: "type", cell: ({ type }) => progTypeName(type) ?? type },
  { name: "name", cell: ({ name }) => name },
  { name: "tag", cell: ({ tag }) => tag, isExtra: true },
  { name: "loaded", cell: ({ loadedAt }) => (loadedAt === undefined ? undefined : isoLocalTime(loadedAt)) },
  { name: "uid", cell: ({ createdByUid }) => createdByUid, isExtra: true },
  { name: "gpl", cell: ({ gplCompatible }) => gplCompatible, isExtra: true },
  { name: "xlated", cell: ({ xlatedProgLen }) => xlatedProgLen },
  { name: "jited", cell: ({ jitedProgLen }) => (jitedProgLen === 0 ? undefined : jitedProgLen) },
  { name: "memlock", cell: ({ memlock }) => memlock },
  { name: "runs", cell: ({ runTimeNs, runCnt }) => (runTimeNs === 0n ? undefined : runCnt) },
  { name: "run_ns", cell: ({ runTimeNs }) => (runTimeNs === 0n ? undefined : runTimeNs) },
  {
    name: "average_ns",
    cell: ({ runTimeNs, runCnt }) => (runCnt === 0n ? undefined : runTimeNs / runCnt),
    isExtra: true,
  },
  { name: "maps", cell: ({ mapIds }) => mapIds },
  { name: "btf", cell: ({ btfId }) => (btfId === 0 ? undefined : btfId), isExtra: true },
  { name: "pinned", cell: ({ pins }) => pins },
  { name: "pids", cell: ({ holders = [] }) => holdersText(holders) },
];

/** Shows programs as a table. */
export function programTable(programs: Iterable<ProgramDescription>, options: Options): Answer {
  return tableAnswer(programs, COLUMNS, options);
}
