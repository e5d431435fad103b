import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** Debian's bpftool with libbpf 1.8, which `scripts/peers.sh` brings. */
export const PEER: string = join(process.cwd(), ".cache/peers/bpftool");

/** Why comparing is impossible here, for `skip`; false if it is not. */
export function withoutPeer(): string | false {
  if (process.getuid?.() !== 0) return "needs root";
  if (existsSync(PEER)) return false;
  // CI brings the peer itself: without it a run there has tested nothing.
  if (process.env.CI === "true") throw new Error(`${PEER} is missing: run scripts/peers.sh`);
  return "no peer: run scripts/peers.sh";
}

/** Runs the peer; standard error, where libbpf says why it refuses, is told apart. */
export function peer(...words: string[]): { ok: boolean; output: string; problems: string } {
  const { status, stdout, stderr } = spawnSync(PEER, words, { encoding: "utf8", maxBuffer: 1 << 28 });
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
