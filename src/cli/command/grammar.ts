import type { CommandEntry } from "./command.ts";

// What the usage texts of several objects have in common.

export const PROG = "PROG := { id PROG_ID | pinned FILE | tag PROG_TAG | name PROG_NAME }";
export const MAP = "MAP := { id MAP_ID | pinned FILE | name MAP_NAME }";
export const LINK = "LINK := { id LINK_ID | pinned FILE }";
export const BPFFS = "{-f|--bpffs}";
export const NOMOUNT = "{-n|--nomount}";

/** `help`, which every object has. */
export const HELP: CommandEntry = { name: "help", syntax: [""], summary: "print this help" };

/** Commands that bpftool has and bpfts does not have yet, by name. */
export function later(...names: string[]): CommandEntry[] {
  return names.map((name) => ({ name, changes: !READS.has(name) }));
}
const READS: ReadonlySet<string> = new Set(
  "show list dump lookup getnext event_pipe peek tracelog run profile probe list_builtins".split(" "),
);
