import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { kernelsPage, pageAreas } from "../../scripts/vm/kernels-page.ts";
import { FEATURES } from "../../src/kernel/features/table.ts";

test("docs/kernels.md is what the table of features says", () => {
  assert.equal(readFileSync("docs/kernels.md", "utf8"), kernelsPage(FEATURES), "npm run docs:kernels makes it again");
});

test("every feature has its place on the page", () => {
  for (const name of Object.keys(FEATURES)) assert.ok(pageAreas().includes(name.split(":")[0] ?? ""), name);
});
