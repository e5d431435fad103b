import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { COMMANDS } from "../../../src/cli/entry/command-table.ts";
import { manualPages, manualText } from "../../../src/cli/help/manual.ts";
import { formatRoff } from "../../../src/cli/help/roff.ts";
import { lacking } from "../../support/feature.ts";
import { bpfts } from "../run.ts";

const FILES = readdirSync("dist/man").map((name) => `dist/man/${name}`);

test("the package has the page of bpfts and of each object", () => {
  const { man, files } = JSON.parse(readFileSync("package.json", "utf8"));
  const pages = manualPages(COMMANDS).map(({ name }) => `./dist/man/${name}.1`);
  assert.deepEqual([...man].sort(), [...pages].sort());
  assert.deepEqual(FILES.map((file) => `./${file}`).sort(), [...pages].sort());
  assert.ok(files.includes("dist"));
});

test("a page has the commands with their examples, and the words", () => {
  const page = manualPages(COMMANDS).find(({ name }) => name === "bpfts-prog");
  assert.ok(page !== undefined);
  const text = manualText(page).join("\n");
  for (const part of [
    "NAME\n       bpfts-prog - inspect, load and pin programs",
    "   prog load, loadall\n",
    "       bpfts prog dump xlated id 42\n",
    "       PROG\n              { id PROG_ID | pinned FILE",
    "       -j, --json\n              print JSON",
    "bpfts-map(1)",
  ]) {
    assert.ok(text.includes(part), part);
  }
  for (const line of text.split("\n")) assert.ok(line.length <= 100, line);
});

test("roff gets no requests from the texts", () => {
  const blocks = [{ kind: "paragraph", text: ".so \\n-x 'quoted'" }] as const;
  const roff = formatRoff({ name: "x", sections: [{ title: "NAME", blocks }] }, "1", "2026-01-01");
  assert.equal(roff, '.TH X 1 "2026-01-01" "bpfts 1" "bpfts"\n.SH NAME\n\\&.so \\en\\-x \\(aqquoted\\(aq\n');
});

test("help --man prints the page", () => {
  assert.match(bpfts("help", "--man", "prog").stdout, /^BPFTS-PROG\(1\)\n\nNAME\n {7}bpfts-prog - /);
  assert.match(bpfts("--man").stdout, /^BPFTS\(1\)\n/);
});

test("man finds nothing to warn about", { skip: lacking("tool:man") }, () => {
  for (const file of FILES) {
    const { stdout, stderr } = spawnSync("man", ["--warnings", "-E", "UTF-8", "-l", file], {
      encoding: "utf8",
      env: { ...process.env, MANROFFSEQ: "", MANWIDTH: "80" },
    });
    assert.equal(stderr, "", file);
    assert.match(stdout, /SYNOPSIS/, file);
  }
});

test("mandoc finds nothing to warn about", { skip: lacking("tool:mandoc") }, () => {
  const { stdout } = spawnSync("mandoc", ["-T", "lint", "-W", "warning", ...FILES], { encoding: "utf8" });
  assert.equal(stdout, "");
});
