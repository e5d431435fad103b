import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { withDirectory } from "../../support/directory.ts";

/** Modules of Node that take milliseconds to load, which a person who types a command waits for. */
const SLOW = ["internal/streams/readable", "internal/worker", "internal/crypto/util", "zlib", "child_process", "net"];

test("commands that people wait for load none of Node's slow modules", (t) => {
  const hook = join(withDirectory(t), "hook.cjs");
  writeFileSync(
    hook,
    'process.on("exit", () => require("node:fs").writeSync(2, JSON.stringify(process.moduleLoadList)));',
  );
  for (const words of ["version", "prog show", "map show", "link show", "btf show"]) {
    const { status, stderr } = spawnSync(process.execPath, ["-r", hook, "dist/bin/bpfts.js", ...words.split(" ")], {
      encoding: "utf8",
      maxBuffer: 1 << 28,
    });
    assert.equal(status, 0, `${words}: ${stderr}`);
    const loaded = new Set((JSON.parse(stderr) as string[]).map((name) => name.replace(/^NativeModule /, "")));
    assert.ok(loaded.has("fs"), words);
    assert.deepEqual(
      SLOW.filter((name) => loaded.has(name)),
      [],
      words,
    );
  }
});
