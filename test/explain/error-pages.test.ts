import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { KINDS, kindOfCode } from "../../src/explain/index.ts";
import { errorPages, REFUSED } from "./error-pages.ts";

test("each code has a page, and docs/errors has nothing else", () => {
  const pages = errorPages();
  const files = readdirSync("docs/errors").map((name) => `docs/errors/${name}`);
  assert.deepEqual(files.sort(), [...pages.keys()].sort());
  for (const [file, text] of pages) {
    assert.equal(readFileSync(file, "utf8"), text, `${file}: run npm run docs:errors`);
  }
});

test("codes and names are unique, and each is found by both", () => {
  for (const kind of KINDS) {
    assert.match(kind.code, /^BPF-E\d{4}$/);
    assert.equal(kindOfCode(kind.code), kind);
    assert.equal(kindOfCode(kind.name), kind);
    assert.equal(kindOfCode(kind.code.slice(4).toLowerCase()), kind);
  }
});

test("each kind says what to do, and its texts are sentences", () => {
  for (const { name, what, remedies, meaning, title } of KINDS) {
    assert.ok(remedies.length >= 1 && what.length >= 1, name);
    assert.match(title, /^[A-Za-z].*[^.]$/, name);
    assert.match(meaning, /\.$/, name);
  }
});

test("each refused program is the example of a code", () => {
  const names = new Set(KINDS.map(({ name }) => name));
  for (const file of readdirSync(REFUSED).filter((name) => name.endsWith(".bpf.c"))) {
    assert.ok(names.has(file.replace(".bpf.c", "")), file);
  }
});
