import type { Cgroup, CgroupProgram } from "../../link/index.ts";
import { attachTypeName } from "../../uapi/index.ts";
import type { Answer } from "../output/answer.ts";
import { type Column, tableAnswer } from "../output/table.ts";
import type { Options } from "../words/options.ts";
import { type AttachName, flagNames, type View } from "./render.ts";

type Row = CgroupProgram & { readonly path: string };

function columnsFor({ details }: View, attachName: AttachName, isTree: boolean): readonly Column<Row>[] {
  return [
    ...(isTree ? [{ name: "cgroup", cell: ({ path }: Row) => path }] : []),
    { name: "id", cell: ({ id }) => id },
    { name: "type", cell: ({ attachType }) => attachTypeName(attachType) ?? attachType },
    { name: "flags", cell: ({ attachFlags }) => (attachFlags === undefined ? undefined : flagNames(attachFlags)) },
    { name: "name", cell: ({ name }) => name },
    ...(details
      ? ([
          { name: "link", cell: ({ linkId }: Row) => linkId },
          { name: "attached", cell: ({ cgroup }: Row) => cgroup },
        ] as const)
      : []),
    { name: "target", cell: attachName },
  ];
}

/** Shows the programs of cgroups as a table. A tree has the cgroup in the first column. */
export function cgroupTable(
  cgroups: readonly Pick<Cgroup, "path" | "programs">[],
  view: View,
  attachName: AttachName,
  { isTree, options }: { readonly isTree: boolean; readonly options: Options },
): Answer {
  const rows = cgroups.flatMap(({ path, programs }) => programs.map((program) => ({ ...program, path })));
  return tableAnswer(rows, columnsFor(view, attachName, isTree), options);
}
