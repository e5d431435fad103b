import { readFileSync } from "node:fs";

/** One line of /proc/self/mountinfo. */
export interface Mount {
  readonly id: number;
  readonly parent: number;
  /** `major:minor` of the file system. */
  readonly device: string;
  /** The directory of the file system that is mounted: `/` but for bind mounts. */
  readonly root: string;
  /** Where it is mounted. */
  readonly path: string;
  readonly options: readonly string[];
  /** `bpf`, `cgroup2`, `tracefs`, ... */
  readonly type: string;
  readonly source: string;
  readonly superOptions: readonly string[];
}

/** The mounts that this process sees, in the order of mounting; a later one at the same path hides the earlier. */
export function mounts(): Mount[] {
  return parseMountinfo(readFileSync("/proc/self/mountinfo", "utf8"));
}

/** Parses the text of a mountinfo file (proc_pid_mountinfo(5)). Lines that do not follow the format are left out. */
export function parseMountinfo(text: string): Mount[] {
  const result: Mount[] = [];
  for (const line of text.split("\n")) {
    const fields = line.split(" ");
    // Optional fields end with a lone hyphen.
    const hyphen = fields.indexOf("-", 6);
    if (hyphen < 0) continue;
    const [id, parent, device = "", root = "", path = "", options = ""] = fields;
    const [type = "", source = "", superOptions = ""] = fields.slice(hyphen + 1);
    result.push({
      id: Number(id),
      parent: Number(parent),
      device,
      root: unescapePath(root),
      path: unescapePath(path),
      options: options.split(","),
      type,
      source: unescapePath(source),
      superOptions: superOptions.split(","),
    });
  }
  return result;
}

/** The kernel writes blank, tab, newline and backslash as an octal `\040`, each byte on its own. */
function unescapePath(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
