import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { transformSync } from "esbuild";
import { withBpffs } from "../support/bpffs.ts";
import { withCgroup } from "../support/cgroup.ts";
import { mask, readSnippets, readSteps, type Snippet } from "./snippets.ts";

const pages = ["README.md", ...readdirSync("docs").map((name) => `docs/${name}`)].filter((name) =>
  name.endsWith(".md"),
);
const snippets = pages.flatMap((page) => readSnippets(page, readFileSync(page, "utf8")));

test("the documents hold snippets of both kinds, and only set-up commands go without a run", () => {
  assert.ok(snippets.some((snippet) => snippet.language === "ts"));
  assert.ok(snippets.some((snippet) => snippet.language === "console"));
  for (const snippet of snippets.filter((one) => one.notRun !== undefined)) {
    assert.match(snippet.notRun ?? "", /^(sets up the checkout|form)/, `${snippet.file}:${snippet.line}`);
  }
});

/** A session's places are the page's own words; here they stand for a cgroup and a bpffs of the test's. */
function atHome(text: string, places: { readonly cgroup: string; readonly bpffs: string }): string {
  return text
    .replaceAll("/sys/fs/cgroup/demo", places.cgroup)
    .replaceAll("/sys/fs/bpf", places.bpffs)
    .replace(/\b(counter|events)\.bpf\.o/g, (file) => join(process.cwd(), "test/bpf", file));
}

for (const page of pages) {
  const own = snippets.filter((snippet) => snippet.file === page && snippet.notRun === undefined);
  const code = own.filter((snippet) => snippet.language === "ts");
  const sessions = own.filter((snippet) => snippet.language === "console");
  for (const snippet of code) {
    test(`${page}:${snippet.line} runs`, (t) => {
      const places = { cgroup: withCgroup(t).path, bpffs: withBpffs(t) };
      const { code: script } = transformSync(atHome(snippet.text, places), { loader: "ts", target: "node20.19" });
      const run = spawnSync(process.execPath, ["--input-type=module", "--eval", script], {
        encoding: "utf8",
        timeout: 60_000,
      });
      assert.equal(run.status, 0, run.stderr);
      const next = snippets[snippets.indexOf(snippet) + 1];
      if (next?.language === "text" && next.file === page) assert.equal(mask(run.stdout), mask(next.text));
    });
  }
  if (sessions.length > 0) test(`${page}: its session shows what the commands print`, (t) => runSession(t, sessions));
}

function runSession(t: TestContext, sessions: readonly Snippet[]): void {
  const places = { cgroup: withCgroup(t).path, bpffs: withBpffs(t) };
  const directory = mkdtempSync(join(tmpdir(), "bpfts-docs-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const command = join(directory, "bpfts");
  writeFileSync(command, `#!/bin/sh\nexec "${process.execPath}" "${process.cwd()}/dist/bin/bpfts.js" "$@"\n`);
  chmodSync(command, 0o755);
  copyFileSync("test/bpf/counter.bpf.o", join(directory, "object.bpf.o"));
  for (const snippet of sessions) {
    for (const step of readSteps(snippet.text)) {
      const run = spawnSync("sh", ["-c", `${atHome(step.command, places)} 2>&1`], {
        encoding: "utf8",
        cwd: directory,
        env: { ...process.env, PATH: `${directory}:${process.env.PATH}` },
      });
      assert.equal(
        mask(run.stdout),
        mask(atHome(step.shown, places)),
        `${snippet.file}:${snippet.line}: ${step.command}`,
      );
    }
  }
}
