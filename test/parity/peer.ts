import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { BPFTOOL } from "../support/feature.ts";

interface Outcome {
  readonly ok: boolean;
  readonly output: string;
  readonly problems: string;
}

/** Runs bpftool. Its standard error, in which libbpf says why it refuses, comes apart from its output. */
export function peer(...words: string[]): Outcome {
  return run([BPFTOOL, ...words]);
}

/**
 * Runs bpftool where /sys/fs/bpf is an empty folder: libbpf pins a map there that an object declares as pinned by name,
 * which would be left behind in this machine's bpffs.
 */
export function peerWithoutBpffs(...words: string[]): Outcome {
  const hide = 'mount -t tmpfs tmpfs /sys/fs/bpf && exec "$@"';
  return run(["unshare", "--mount", "--propagation", "private", "sh", "-c", hide, "sh", BPFTOOL, ...words]);
}

function run([program, ...words]: [string, ...string[]]): Outcome {
  const { status, stdout, stderr } = spawnSync(program, words, { encoding: "utf8", maxBuffer: 1 << 28 });
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
