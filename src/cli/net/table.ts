import type { NetAttachments } from "../../inventory/index.ts";
import { netfilterText } from "../link/render.ts";
import type { Answer } from "../output/answer.ts";
import { type Column, tableAnswer } from "../output/table.ts";
import type { Options } from "../words/options.ts";

/** A program of a network device or namespace. */
interface Row {
  readonly device?: string;
  readonly ifindex?: number;
  readonly hook: string;
  readonly progId: number | undefined;
  readonly name?: string | undefined;
  readonly linkId?: number | undefined;
  readonly detail?: string;
}

const COLUMNS: readonly Column<Row>[] = [
  { name: "device", cell: ({ device }) => device },
  { name: "ifindex", cell: ({ ifindex }) => ifindex },
  { name: "hook", cell: ({ hook }) => hook },
  { name: "prog", cell: ({ progId }) => progId },
  { name: "name", cell: ({ name }) => name },
  { name: "link", cell: ({ linkId }) => linkId },
  { name: "detail", cell: ({ detail }) => detail },
];

/** Shows the programs of a network namespace as a table, one row for each program. */
export function netTable(found: NetAttachments, options: Options): Answer {
  return tableAnswer(rowsOf(found), COLUMNS, options);
}

function* rowsOf({ xdp, tc, flowDissector, netfilter }: NetAttachments): Generator<Row> {
  for (const { deviceName: device, ifindex, programs } of xdp) {
    for (const { mode, progId } of programs) yield { device, ifindex, hook: `xdp/${mode}`, progId };
  }
  for (const at of tc) {
    const { deviceName: device, ifindex, hook, progId, name } = at;
    if ("linkId" in at) yield { device, ifindex, hook, progId, name, linkId: at.linkId };
    else {
      yield { device, ifindex, hook, progId, name, detail: `priority ${at.priority}` };
      for (const action of at.actions ?? []) {
        yield {
          device,
          ifindex,
          hook,
          progId: action.progId,
          name: action.name,
          detail: `action of ${name ?? "a filter"}`,
        };
      }
    }
  }
  if (flowDissector !== undefined) yield { hook: "flow_dissector", progId: flowDissector };
  for (const info of netfilter) {
    yield { hook: "netfilter", progId: info.progId, linkId: info.id, detail: netfilterText(info).trim() };
  }
}
