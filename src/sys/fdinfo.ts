import { readFileSync } from "node:fs";

/** The fields of /proc/PID/fdinfo/FD, such as `map_id` or `prog_tag`; of this process unless `pid` is given. */
export function fdInfo(fd: number, pid: number | "self" = "self"): ReadonlyMap<string, string> {
  return parseFdInfo(readFileSync(`/proc/${pid}/fdinfo/${fd}`, "utf8"));
}

/** Parses `name:\tvalue` lines. */
export function parseFdInfo(text: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const line of text.split("\n")) {
    const colon = line.indexOf(":");
    if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  return fields;
}
