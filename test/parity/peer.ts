import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { BPFTOOL } from "../support/feature.ts";

/** Runs bpftool. Its standard error, in which libbpf says why it refuses, comes apart from its output. */
export function peer(...words: string[]): { ok: boolean; output: string; problems: string } {
  const { status, stdout, stderr } = spawnSync(BPFTOOL, words, { encoding: "utf8", maxBuffer: 1 << 28 });
  return { ok: status === 0, output: stdout, problems: stderr };
}

/** What is pinned in a directory, by name; nothing if there is no such directory. */
export function pins(directory: string): string[] {
  return existsSync(directory) ? readdirSync(directory).sort() : [];
}

/** The objects of test/bpf by name. */
export function objectNames(): string[] {
  return readdirSync("test/bpf")
    .filter((name) => name.endsWith(".bpf.o"))
    .map((name) => name.slice(0, -".bpf.o".length))
    .sort();
}
