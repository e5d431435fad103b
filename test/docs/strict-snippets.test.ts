// Examples must compile in a user's project, however strict that is.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { type TestContext, test } from "node:test";
import { readSnippets } from "./snippets.ts";

const FLAGS = {
  target: "ES2023",
  lib: ["ES2023", "ESNext.Disposable"],
  module: "NodeNext",
  types: ["node"],
  strict: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  noPropertyAccessFromIndexSignature: true,
  noImplicitReturns: true,
  noEmit: true,
};

/** What the compiler says of these files. They lie in the package, so that `bpfts` is its build. */
function compile(t: TestContext, files: Readonly<Record<string, string>>): string {
  const folder = join(process.cwd(), `.build/strict-${process.pid}`);
  mkdirSync(folder);
  t.after(() => rmSync(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions: FLAGS, include: ["*.ts"] }));
  const words = ["node_modules/typescript/bin/tsc", "-p", join(folder, "tsconfig.json")];
  return spawnSync(process.execPath, words, { encoding: "utf8" }).stdout;
}

test("every example of the pages compiles under strict flags", (t) => {
  const pages = ["README.md", ...readdirSync("docs").map((name) => `docs/${name}`)].filter((name) =>
    name.endsWith(".md"),
  );
  const examples = pages.flatMap((page) =>
    readSnippets(page, readFileSync(page, "utf8")).filter((one) => one.language === "ts" && one.notRun === undefined),
  );
  assert.ok(examples.length > 15, `${examples.length} examples`);
  for (const { text, file, line } of examples) {
    assert.doesNotMatch(
      text,
      /[\w)\]]!(?!=)|\bas [A-Z]|\bas any\b/,
      `${file}:${line} has a cast or a non-null assertion`,
    );
  }
  const named = examples.map(({ text, file, line }) => [`${basename(file, ".md")}-${line}.ts`, `${text}\n`] as const);
  assert.equal(compile(t, Object.fromEntries(named)), "");
});

test("the compiler does see the package's types", (t) => {
  const text = 'import { loadObject } from "bpfts";\nloadObject(1);\nloadObject("x").programs.x.id;\n';
  const said = compile(t, { "wrong.ts": text });
  assert.match(said, /wrong\.ts\(2,12\): error TS/);
  assert.match(said, /wrong\.ts\(3,1\): error TS/);
});
