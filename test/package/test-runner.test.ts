// What `npm test` and `npm run test:vm` rest on: a run that cannot turn red, or does not say where, tells nothing.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { withDirectory } from "../support/directory.ts";

interface Outcome {
  readonly code: number | null;
  readonly text: string;
  readonly results: readonly { readonly status: string; readonly name: string; readonly file: string }[];
}

/** Runs files of these texts in one process, in their order. */
function run(t: TestContext, files: Readonly<Record<string, string>>): Outcome {
  const folder = withDirectory(t);
  const results = join(folder, "results");
  const also = Object.entries(files).flatMap(([name, text]) => {
    writeFileSync(join(folder, name), `import { test } from "node:test";\n${text}\n`);
    return ["--also", join(folder, name)];
  });
  const { NODE_TEST_CONTEXT: _, CI: __, ...env } = process.env;
  const words = ["scripts/test.mjs", "--jobs", "1", "--limit", "120", "--results", results, ...also, "/no-such-file"];
  const { status, stdout } = spawnSync(process.execPath, words, { encoding: "utf8", env });
  const lines = readFileSync(results, "utf8").trimEnd().split("\n");
  return { code: status, text: stdout, results: lines.map((line) => JSON.parse(line)) };
}

const GOOD = 'test("good", () => {}); test("left out", { skip: "for a reason" }, () => {});';

test("a green run counts what passed and what was skipped", (t) => {
  const { code, text, results } = run(t, { "a.mjs": GOOD, "b.mjs": 'test("better", () => {});' });
  assert.equal(code, 0, text);
  assert.deepEqual(
    results.map(({ status, name }) => `${status} ${name}`),
    ["passed good", "skipped left out", "passed better"],
  );
  assert.match(text, /﹣ left out: for a reason/);
  assert.match(text, /\n2 passed, 0 failed, 1 skipped\n$/);
});

const failures: readonly [what: string, source: string, message: RegExp][] = [
  ["a test that fails", 'test("x", () => { throw new Error("the reason"); });', /bad\.mjs: x\n +Error: the reason/],
  ["a file that does not load", 'throw new Error("the reason");', /bad\.mjs: the file is loaded\n +Error: the reason/],
  [
    "a crash",
    'test("x", () => process.kill(process.pid, "SIGSEGV"));',
    /bad\.mjs: the process ended with SIGSEGV before the tests ended/,
  ],
  ["an early exit", 'test("x", () => process.exit(0));', /bad\.mjs: the process ended with 0 before the tests ended/],
  [
    "waiting for what never comes",
    'test("x", () => new Promise(() => {}));',
    /bad\.mjs: (x|the file did not end within 120 s)\n/,
  ],
  [
    "a process that is changed for the others",
    'test("x", () => process.chdir("/"));',
    /changes the state of the process/,
  ],
];
for (const [what, source, message] of failures) {
  test(`red, with its file, and the next file runs: ${what}`, (t) => {
    const { code, text, results } = run(t, { "bad.mjs": source, "good.mjs": GOOD });
    assert.equal(code, 1, text);
    assert.match(text, message);
    const failed = results.filter(({ status }) => status === "failed");
    assert.ok(failed.length > 0 && failed.every(({ file }) => file.endsWith("/bad.mjs")), JSON.stringify(failed));
    assert.ok(
      results.some(({ status, name }) => status === "passed" && name === "good"),
      text,
    );
  });
}

test("a file that says so has a process of its own", (t) => {
  const own = '// A process of its own: it moves.\ntest("x", () => process.chdir("/"));';
  const { code, text } = run(t, { "own.mjs": own, "good.mjs": GOOD });
  assert.equal(code, 0, text);
});
