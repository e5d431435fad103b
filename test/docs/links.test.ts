import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";

import * as kernel from "../../src/index.ts";

interface Generator {
  readonly attachFunctions: readonly string[];
  readRecords(): Record<string, unknown>;
  linkTable(records: Record<string, unknown>): string;
  tableOf(page: string): string;
}

test("docs/links.md has the table of what the conformance tests recorded, and every way to attach in it", async () => {
  const script = pathToFileURL(join(process.cwd(), "scripts/link-kinds.mjs")).href;
  const { attachFunctions, linkTable, readRecords, tableOf } = (await import(script)) as Generator;
  const page = readFileSync("docs/links.md", "utf8");
  assert.equal(tableOf(page), linkTable(readRecords()), "run: node scripts/link-kinds.mjs");
  const exported = Object.keys(kernel).filter((name) => /^attach[A-Z]/.test(name) && name !== "attachBySection");
  assert.deepEqual([...attachFunctions].sort(), exported.sort());
});
