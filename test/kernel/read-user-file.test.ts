import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { closeSync, openSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { UsageError } from "../../src/errors/index.ts";
import { readUserFile, readWholeFile } from "../../src/kernel/index.ts";
import { withDirectory } from "../support/directory.ts";

test("a file is read whole: a regular one, one of /proc, a pipe", (t) => {
  const path = join(withDirectory(t), "file");
  writeFileSync(path, Buffer.alloc(200_000, 7));
  assert.deepEqual(readWholeFile(path), Buffer.alloc(200_000, 7));
  assert.match(readWholeFile("/proc/self/status").toString(), /^Name:/);
  spawnSync("mkfifo", [`${path}.fifo`]);
  const held = openSync(`${path}.fifo`, "r+");
  try {
    writeFileSync(held, "some words");
    const reader = openSync(`${path}.fifo`, "r");
    closeSync(held);
    assert.equal(readWholeFile(reader).toString(), "some words");
    closeSync(reader);
  } catch (error) {
    closeSync(held);
    throw error;
  }
});

test("what is larger than a file should be is not read into memory", (t) => {
  const path = join(withDirectory(t), "sparse");
  writeFileSync(path, "");
  truncateSync(path, 2 ** 40);
  const refused: readonly [path: string, message: RegExp][] = [
    [path, /sparse is too large: it has 1099511627776 bytes, and bpfts reads at most 2147483647$/],
    ["/dev/zero", /^\/dev\/zero is too large: bpfts reads at most 67108864 bytes/],
    ["/dev/null", /^\/dev\/null is empty; it should be a file with bytes$/],
    ["/", /^\/ cannot be read: it is a directory$/],
  ];
  for (const [file, message] of refused) {
    assert.throws(
      () => readUserFile(file, "a file with bytes"),
      (error) => error instanceof UsageError && message.test(error.message),
      file,
    );
  }
});
