import type { PerfAttachment } from "../../inventory/index.ts";
import type { JsonValue } from "../output/json-writer.ts";
import { escapeName } from "../output/terminal-text.ts";

/** Returns the line of an attachment in `perf show`. */
export function perfText(at: PerfAttachment): string {
  return `pid ${at.pid}  fd ${at.fd}: prog_id ${at.progId}  ${placeText(at)}\n`;
}

function placeText(at: PerfAttachment): string {
  if ("tracepoint" in at) return `${at.kind}  ${escapeName(at.tracepoint)}`;
  if ("func" in at) return `${at.kind}  func ${escapeName(at.func)}  offset ${at.offset}`;
  if ("address" in at) return `${at.kind}  addr ${at.address}`;
  if ("path" in at) return `${at.kind}  filename ${escapeName(at.path)}  offset ${at.offset}`;
  return `type ${at.type}`;
}

/** Returns the JSON object of an attachment in `perf show`. */
export function perfJson(at: PerfAttachment): JsonValue {
  const { pid, fd, progId } = at;
  return { pid, fd, prog_id: progId, fd_type: at.kind === "unknown" ? at.type : at.kind, ...placeJson(at) };
}

function placeJson(at: PerfAttachment): { readonly [key: string]: JsonValue } {
  if ("tracepoint" in at) return { tracepoint: at.tracepoint };
  if ("func" in at) return { func: at.func, offset: at.offset };
  if ("address" in at) return { addr: at.address };
  if ("path" in at) return { filename: at.path, offset: at.offset };
  return {};
}
