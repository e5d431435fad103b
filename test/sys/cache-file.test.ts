import assert from "node:assert/strict";
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { type CacheFile, readCacheFile, writeCacheFile } from "../../src/sys/index.ts";

const CONTENT = Uint8Array.of(1, 2, 3, 4);

function cacheFile(t: TestContext): CacheFile & { readonly rejections: string[] } {
  const folder = mkdtempSync(join(tmpdir(), "bpfts-cache-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const rejections: string[] = [];
  return { path: join(folder, "cache", "file"), key: "v1", onRejected: (why) => rejections.push(why), rejections };
}

test("a cache file is read again, with modes that no umask changes", (t) => {
  const file = cacheFile(t);
  assert.equal(readCacheFile(file), undefined);
  for (const umask of [0, 0o077, 0o022]) {
    rmSync(join(file.path, ".."), { recursive: true, force: true });
    const before = process.umask(umask);
    try {
      writeCacheFile(file, CONTENT);
    } finally {
      process.umask(before);
    }
    assert.equal(lstatSync(file.path).mode & 0o777, 0o644);
    assert.equal(lstatSync(join(file.path, "..")).mode & 0o777, 0o755);
    assert.deepEqual(Uint8Array.from(readCacheFile(file) ?? []), CONTENT);
  }
  assert.deepEqual(file.rejections, []);
});

const BAD: Readonly<Record<string, [(file: CacheFile) => void, RegExp]>> = {
  "that others can write": [({ path }) => chmodSync(path, 0o666), /it can be written by others \(mode 666\)/],
  "in a folder that others can write": [({ path }) => chmodSync(join(path, ".."), 0o777), /its folder can be written/],
  "of another user": [({ path }) => chownSync(path, 1234, 0), /it belongs to the user 1234/],
  "that is a link": [
    ({ path }) => {
      writeFileSync(`${path}.real`, readFileSync(path));
      rmSync(path);
      symlinkSync(`${path}.real`, path);
    },
    /it is a symbolic link/,
  ],
  "that is too short": [({ path }) => writeFileSync(path, "x"), /its content is damaged/],
};

for (const [what, [spoil, why]] of Object.entries(BAD)) {
  test(`a cache file ${what} is told and removed, not used`, (t) => {
    const file = cacheFile(t);
    writeCacheFile(file, CONTENT);
    spoil(file);
    assert.equal(readCacheFile(file), undefined);
    assert.match(file.rejections.join("\n"), why);
    assert.match(file.rejections[0] as string, /is not used and was removed/);
    assert.equal(existsSync(file.path), false);
    writeCacheFile(file, CONTENT);
    assert.deepEqual(Uint8Array.from(readCacheFile(file) ?? []), CONTENT, "the next one is good again");
  });
}

test("a cache file with any flipped bit, or of another key, is not used", (t) => {
  const file = cacheFile(t);
  writeCacheFile(file, CONTENT);
  const good = readFileSync(file.path);
  for (let bit = 0; bit < good.length * 8; bit++) {
    const bad = Buffer.from(good);
    bad[bit >> 3] = (bad[bit >> 3] as number) ^ (1 << (bit & 7));
    writeFileSync(file.path, bad);
    chmodSync(file.path, 0o644);
    assert.equal(readCacheFile(file), undefined, `bit ${bit}`);
  }
  writeCacheFile(file, CONTENT);
  assert.equal(readCacheFile({ ...file, key: "v2" }), undefined);
});
