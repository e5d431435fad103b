import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { Script } from "node:vm";
import { COMMANDS } from "../../../src/cli/entry/command-table.ts";
import { bpfts, COMMAND } from "../run.ts";

test("every command has its code in the file that the entry picks for it", () => {
  let seen = 0;
  for (const { name, commands = [] } of COMMANDS) {
    for (const { name: command, run, as, hidden } of commands) {
      // What a shell asks for answers any words, and prints no JSON.
      if (hidden === true || (run === undefined && as === undefined)) continue;
      const { stdout, stderr, code } = bpfts("-j", name, command, "no-such-word", "no-such-word");
      assert.notEqual(code, 0, `${name} ${command}`);
      assert.doesNotMatch(stdout + stderr, /itself failed/, `${name} ${command}`);
      assert.equal(typeof JSON.parse(stdout).error, "string", `${name} ${command}`);
      seen++;
    }
  }
  assert.ok(seen > 30, `${seen} commands`);
});

/** The published command in a folder of its own, without kept code. */
function ownCopy(t: TestContext): { run: (env?: NodeJS.ProcessEnv) => string; cache: string; command: string } {
  const folder = mkdtempSync(join(tmpdir(), "bpfts-code-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const bin = join(folder, "dist/bin");
  cpSync(dirname(COMMAND), bin, { recursive: true });
  symlinkSync(join(process.cwd(), "node_modules"), join(folder, "node_modules"));
  const cache = join(bin, "cache");
  rmSync(cache, { recursive: true, force: true });
  const run = (env: NodeJS.ProcessEnv = {}): string => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(bin, "bpfts.js"), "version"], {
      encoding: "utf8",
      env: { ...process.env, ...env },
    });
    assert.equal(status, 0, stderr);
    assert.equal(stderr, "");
    return stdout;
  };
  return { run, cache, command: join(bin, "bpfts.js") };
}

/** The kept code and how often it was used. */
function kept(cache: string): { code: Buffer; runs: number } {
  const names = readdirSync(cache).sort();
  const [name = "", counter = ""] = names;
  assert.deepEqual(names, [name, `${name}.runs`]);
  return { code: readFileSync(join(cache, name)), runs: readFileSync(join(cache, counter)).length };
}

test("compiled code is kept beside the command, and used", (t) => {
  const { run, cache } = ownCopy(t);
  const said = run();
  const first = kept(cache);
  assert.ok(first.code.length > 1000);
  assert.equal(first.runs, 1);
  for (let i = 0; i < 2; i++) assert.equal(run(), said);
  // The third run is none of those that add to it.
  const third = kept(cache);
  assert.equal(third.runs, 3);
  assert.equal(run({ BPFTS_CODE_CACHE: "0" }), said);
  assert.equal(kept(cache).runs, 3, "unused, as asked");
});

test("kept code that V8 refuses is made anew", (t) => {
  const { run, cache } = ownCopy(t);
  const said = run();
  const [name = ""] = readdirSync(cache).sort();
  const { length } = kept(cache).code;
  for (const bad of [Buffer.alloc(0), Buffer.from("no code"), Buffer.alloc(length)]) {
    writeFileSync(join(cache, name), bad);
    assert.equal(run(), said);
    assert.ok(Math.abs(kept(cache).code.length - length) < length / 10);
    assert.notEqual(kept(cache).code[0], 0);
  }
});

test("where nothing can be kept the command works all the same", (t) => {
  const { run, cache } = ownCopy(t);
  writeFileSync(cache, "a file where the folder would be");
  assert.match(run(), /^bpfts v/);
  const other = ownCopy(t);
  assert.match(other.run({ BPFTS_CODE_CACHE: "0" }), /^bpfts v/);
  assert.ok(!existsSync(other.cache));
});

test("kept code that somebody else could have written is removed, not run, and -d says so", (t) => {
  const { run, cache, command } = ownCopy(t);
  const before = process.umask(0);
  try {
    run();
  } finally {
    process.umask(before);
  }
  const [name = ""] = readdirSync(cache).sort();
  const path = join(cache, name);
  assert.deepEqual(
    [cache, path, `${path}.runs`].map((file) => (statSync(file).mode & 0o777).toString(8)),
    ["755", "644", "644"],
    "the umask has no say",
  );
  const debug = (): string => spawnSync(process.execPath, [command, "-d", "version"], { encoding: "utf8" }).stderr;
  assert.equal(debug(), "");
  // What a stranger would put there: code of another function.
  const evil = join(cache, "../evil");
  const text = `(function(){require("node:fs").writeFileSync(${JSON.stringify(evil)},"")})`;
  for (const [mode, why] of [
    [0o666, /cache: .* is not used and was removed: it can be written by others \(mode 666\)/],
    [0o644, /cache: .* is not used and was removed: its content is damaged/],
  ] as const) {
    writeFileSync(path, new Script(text).createCachedData());
    chmodSync(path, mode);
    assert.match(debug(), why);
    assert.ok(!existsSync(evil));
    assert.equal(debug(), "", "the next one is good again");
  }
  const good = readFileSync(path);
  for (const bit of [3, 8 * 100 + 1, 4 * good.length, 8 * good.length - 1]) {
    const bad = Buffer.from(good);
    bad[bit >> 3] = (bad[bit >> 3] as number) ^ (1 << (bit & 7));
    writeFileSync(path, bad);
    assert.match(debug(), /its content is damaged/, `bit ${bit}`);
  }
  assert.equal(debug(), "");
});

test("the count of runs follows no link", (t) => {
  const { run, cache } = ownCopy(t);
  run();
  const [, counter = ""] = readdirSync(cache).sort();
  const other = join(cache, "../other");
  writeFileSync(other, "");
  rmSync(join(cache, counter));
  symlinkSync(other, join(cache, counter));
  run();
  assert.equal(readFileSync(other, "utf8"), "");
});
