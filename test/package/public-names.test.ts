import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import * as library from "../../src/index.ts";

const folders = ["docs", "demo"].flatMap((folder) =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => /\.\w+$/.test(name))
    .map((name) => `${folder}/${name}`),
);
const texts = ["README.md", ...folders].map((name) => readFileSync(name, "utf8"));
const named = new Set(texts.flatMap((text) => text.match(/\w+/g) ?? []));

test("every value that the package exports is named in a page or in the demo", () => {
  const unnamed = Object.keys(library).filter((name) => !named.has(name));
  assert.deepEqual(unnamed, []);
});

test("the package exports no more than a user needs", () => {
  const count = Object.keys(library).length;
  assert.ok(count <= 91, `${count} values: is the new one for the command only? Then it is imported from its room`);
});
