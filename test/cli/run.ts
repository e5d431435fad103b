import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BPFTOOL, lacking } from "../support/feature.ts";

/** What a process printed and how it ended. */
export interface Ran {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number | null;
}

const ROOT = process.cwd();
/** The command as it is published. */
export const COMMAND: string = join(ROOT, "dist/bin/bpfts.js");

function run(command: string, args: readonly string[]): Ran {
  const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;
  const { stdout, stderr, status, error } = spawnSync(command, args, { encoding: "utf8", env, maxBuffer: 1 << 27 });
  if (error !== undefined) throw error;
  return { stdout, stderr, code: status };
}

/** Runs our command. */
export function bpfts(...args: string[]): Ran {
  return run(process.execPath, [COMMAND, ...args]);
}

/** Whether bpftool is there to compare with. Without it a test compares with what was recorded of it. */
export const hasPeer: boolean = lacking("tool:bpftool") === false;

/** Runs bpftool 7.8. */
export function bpftool(...args: string[]): Ran {
  return run(BPFTOOL, args);
}

const GOLDEN = join(ROOT, "test/golden/cli.json");
const golden: Record<string, string> = existsSync(GOLDEN) ? JSON.parse(readFileSync(GOLDEN, "utf8")) : {};
const RECORD = process.env.RECORD_GOLDEN === "1";

/** What stands for what in recorded output, which holds no ids, times or sizes of one run: `[number or text, name]`. */
export type Placeholders = readonly (readonly [value: string | number | bigint, name: string])[];

/** Replaces what differs from run to run and from machine to machine. */
export function withPlaceholders(text: string, placeholders: Placeholders): string {
  let result = text
    .replace(/loaded_at \S+/g, "loaded_at <time>")
    .replace(/("loaded_at": ?)\d+/g, '$1"<time>"')
    .replace(/tag [0-9a-f]{16}/g, "tag <tag>")
    .replace(/("tag": ?)"[0-9a-f]{16}"/g, '$1"<tag>"')
    .replace(/ jited \d+B/g, " jited <size>")
    .replace(/("bytes_jited": ?)\d+/g, '$1"<size>"');
  for (const [value, name] of placeholders) {
    result = result.replace(
      new RegExp(`(?<![\\w.])${String(value).replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}(?!\\w)`, "g"),
      `<${name}>`,
    );
  }
  return result;
}

/**
 * A listing without the processes that hold the objects: the peer is built without the iterator that finds them. That
 * they are right is test/cli/pids.test.ts's.
 */
export function withoutPids(text: string): string {
  return text
    .replace(/(\n\tbpf_cookie \d+)?\n\tpids [^\n]*/g, "")
    .replace(/(,"bpf_cookie":\d+)?,"pids":\[[^\]]*\]/g, "")
    .replace(/(,\n +"bpf_cookie": \d+)?,\n +"pids": \[[^\]]*\]/g, "");
}

/**
 * Our output for a command line must be bpftool's, byte for byte, where bpftool is there; and what was recorded of
 * bpftool's, ids apart. RECORD_GOLDEN=1 records anew from bpftool. The exit code is 0: bpftool's is not compared, for
 * it is 255 after success too. Without `peerCan` bpftool is not asked: it is at fault on this kernel.
 */
export function assertParity(
  name: string,
  args: readonly string[],
  placeholders: Placeholders = [],
  options: { readonly peerCan?: boolean } = {},
): void {
  for (const style of [[], ["-j"], ["-p"]]) {
    const line = [...style, ...args];
    const ours = bpfts(...line);
    assert.equal(ours.stderr, "", `${name}: bpfts ${line.join(" ")} wrote to standard error`);
    assert.equal(ours.code, 0, `${name}: exit code of bpfts ${line.join(" ")}`);
    if (style.length > 0) JSON.parse(ours.stdout);
    const shown = withoutPids(ours.stdout);
    const key = [name, ...style].join(" ");
    if (hasPeer && options.peerCan !== false) {
      const { stdout } = bpftool(...line);
      assert.equal(shown, stdout, `${name}: ${line.join(" ")}`);
      if (RECORD) {
        golden[key] = withPlaceholders(stdout, placeholders);
        const sorted = Object.entries(golden).sort(([a], [b]) => (a < b ? -1 : 1));
        writeFileSync(GOLDEN, `${JSON.stringify(Object.fromEntries(sorted), null, 2)}\n`);
      }
    }
    assert.equal(withPlaceholders(shown, placeholders), golden[key], `${key}, as recorded`);
  }
}
