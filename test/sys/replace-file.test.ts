import assert from "node:assert/strict";
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { replaceFile } from "../../src/sys/index.ts";
import { withDirectory } from "../support/directory.ts";

const CONTENT = new TextEncoder().encode("new");

test("a new file has the content and the mode that the umask allows", (t) => {
  const directory = withDirectory(t);
  const path = join(directory, "out");
  replaceFile(path, CONTENT);
  assert.equal(readFileSync(path, "utf8"), "new");
  assert.equal(statSync(path).mode & 0o777, 0o666 & ~process.umask());
  assert.deepEqual(readdirSync(directory), ["out"]);
});

test("a file that is replaced keeps its mode, and a reader keeps the old content", (t) => {
  const directory = withDirectory(t);
  const path = join(directory, "out");
  writeFileSync(path, "old");
  chmodSync(path, 0o640);
  const { ino } = statSync(path);
  replaceFile(path, CONTENT);
  assert.equal(readFileSync(path, "utf8"), "new");
  assert.equal(statSync(path).mode & 0o777, 0o640);
  assert.notEqual(statSync(path).ino, ino);
});

test("a symbolic link stays, and its target is replaced", (t) => {
  const directory = withDirectory(t);
  writeFileSync(join(directory, "target"), "old");
  symlinkSync("target", join(directory, "link"));
  replaceFile(join(directory, "link"), CONTENT);
  assert.ok(lstatSync(join(directory, "link")).isSymbolicLink());
  assert.equal(readFileSync(join(directory, "target"), "utf8"), "new");
});

test("a device is written directly", () => {
  replaceFile("/dev/null", CONTENT);
  assert.ok(statSync("/dev/null").isCharacterDevice());
});

test("a failure leaves no file behind", (t) => {
  const directory = withDirectory(t);
  mkdirSync(join(directory, "folder"));
  assert.throws(() => replaceFile(join(directory, "folder"), CONTENT), { code: "EISDIR" });
  assert.throws(() => replaceFile(join(directory, "missing/out"), CONTENT), { code: "ENOENT" });
  assert.deepEqual(readdirSync(directory), ["folder"]);
});
