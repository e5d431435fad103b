import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { linkHead, objPin, progLoad, rawTracepointOpen } from "../../../src/sys/index.ts";
import { BpfProgType } from "../../../src/uapi/index.ts";
import { withBpffs } from "../../support/bpffs.ts";
import { owned } from "../../support/cleanup.ts";
import { returning } from "../../support/programs.ts";
import { bpfts } from "../run.ts";

test("each mistake of a user of link is one sentence, and valid JSON under -j", (t) => {
  const bpffs = withBpffs(t);
  const elsewhere = mkdtempSync(join(tmpdir(), "bpfts-link-"));
  t.after(() => rmSync(elsewhere, { recursive: true }));
  writeFileSync(join(elsewhere, "file"), "");
  const prog = owned(t, progLoad({ prog_type: BpfProgType.BPF_PROG_TYPE_RAW_TRACEPOINT, insns: returning(0) }));
  const link = owned(t, rawTracepointOpen(prog, { name: "sys_enter" }));
  const id = `${linkHead(link).id}`;
  objPin(`${bpffs}/program`, prog);
  objPin(`${bpffs}/link`, link);
  mkdirSync(`${bpffs}/directory`);
  const cases: readonly (readonly [words: readonly string[], error: RegExp, code: number])[] = [
    [["foo"], /^'foo' is not a command of 'bpfts link', which has: show, list, help, pin, detach/, 255],
    [["show", "name", "x"], /^expected 'id' or 'pinned', got: 'name'/, 255],
    [["show", id], new RegExp(`got: '${id}'.*write 'id ${id}'`), 255],
    [["show", "id"], /^'link show id' needs a number$/, 255],
    [["show", "id", "abc"], /^can't parse '?abc'? as ID$/, 255],
    [["show", "id", "4294967295"], /^failed to get link with ID 4294967295: No such file or directory/, 254],
    [["show", "id", "4294967296"], /it is above 4294967295$/, 255],
    [["show", "id", id, "more"], /^expected no more arguments, got: 'more'/, 255],
    [["show", "pinned"], /^'link show pinned' needs a file$/, 255],
    [["show", "pinned", `${bpffs}/none`], /^nothing is pinned at .*\/none$/, 255],
    [["show", "pinned", `${bpffs}/directory`], /\/directory is a directory, not a pin$/, 255],
    [["show", "pinned", `${bpffs}/program`], /\/program holds a program, not a link$/, 255],
    [["show", "pinned", join(elsewhere, "file")], /\/file is not in a bpffs$/, 255],
    [["pin"], /needs at least 3 arguments, 0 found$/, 234],
    [["pin", "id", id], /needs at least 3 arguments, 2 found$/, 234],
    [["pin", "id", id, `${bpffs}/with.dot`], /which names in a BPF file system cannot contain$/, 255],
    [["pin", "id", id, `${bpffs}/link`], /path '.*\/link' already exists$/, 255],
    [["pin", "id", id, `${bpffs}/none/link`], /dir '.*\/none' doesn't exist$/, 255],
    [["pin", "id", id, join(elsewhere, "link")], /is not in a BPF file system \(bpffs\)/, 255],
    [["pin", "id", id, `${bpffs}/new`, "more"], /^expected no more arguments, got: 'more'/, 255],
    [["detach"], /^expected 'id' or 'pinned', got: nothing$/, 1],
    [["detach", "id", id, "more"], /^expected no more arguments/, 1],
    [
      ["detach", "id", id],
      /^failed link detach \(a raw_tracepoint link cannot be detached; it ends when .*\): Operation not supported$/,
      1,
    ],
    [["detach", "pinned", `${bpffs}/none`], /^nothing is pinned at/, 1],
  ];
  for (const [words, error, code] of cases) {
    const plain = bpfts("link", ...words);
    const shown = `link ${words.join(" ")}`;
    assert.equal(plain.stdout, "", shown);
    const [line = "", ...rest] = plain.stderr.split("\n");
    assert.deepEqual(rest, [""], `${shown}: one line`);
    assert.match(line.replace(/^Error: /, ""), error, shown);
    assert.equal(plain.code, code, shown);
    const json = bpfts("-j", "link", ...words);
    assert.match((JSON.parse(json.stdout) as { error: string }).error, error, `${shown} in JSON`);
    assert.equal(json.stderr, "", shown);
    assert.equal(json.code, code, shown);
  }
});
