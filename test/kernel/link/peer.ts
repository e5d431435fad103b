import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import type { LinkInfo } from "../../../src/sys/index.ts";
import { attachTypeName } from "../../../src/uapi/index.ts";

const BPFTOOL = ".cache/peers/bpftool";

/** What bpftool prints of a link as JSON; undefined where there is no bpftool. */
export function bpftoolLink(id: number): Record<string, unknown> | undefined {
  if (!existsSync(BPFTOOL)) return undefined;
  // Its exit code after showing one link is 255, whatever happened.
  const { stdout } = spawnSync(BPFTOOL, ["-j", "link", "show", "id", String(id)], { encoding: "utf8" });
  return JSON.parse(stdout) as Record<string, unknown>;
}

/** Fails unless what bpftool prints under the name of a field of ours has its value. Returns how many were equal. */
export function assertLikeBpftool(info: LinkInfo): number {
  const theirs = bpftoolLink(info.id);
  if (theirs === undefined) return 0;
  const ours = fields(info as unknown as Record<string, unknown>);
  let equal = 0;
  for (const [name, value] of Object.entries(theirs)) {
    const own = name === "type" ? info.kind : ours.get(name);
    if (own === undefined) continue;
    assert.deepEqual(plain(name, value, own), plain(name, own, own), `${name} as bpftool prints it`);
    equal += 1;
  }
  assert.ok(equal >= 3, "id, type and program at least");
  return equal;
}

/** All fields of an info by name, those of a record within too. */
function fields(record: Record<string, unknown>, into: Map<string, unknown> = new Map()): Map<string, unknown> {
  for (const [name, value] of Object.entries(record)) {
    if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      fields(value as Record<string, unknown>, into);
    } else if (!into.has(name)) into.set(name, value);
  }
  return into;
}

/** A value as both print it: enough as text, an attach type by its name. */
function plain(name: string, value: unknown, own: unknown): unknown {
  if (name === "attach_type" && typeof value === "number") return attachTypeName(value) ?? value;
  // bpftool prints a record where we have a number of the same name, and the other way round: not the same thing.
  if (typeof value !== typeof own && (typeof value === "object" || typeof own === "object")) return undefined;
  return typeof value === "bigint" || typeof value === "number" ? String(value) : value;
}
