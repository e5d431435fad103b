import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { BPFTOOL_VERSION, LIBBPF_VERSION, VERSION } from "../../../src/cli/entry/version.ts";
import { bpfts, COMMAND } from "../run.ts";

test("version says ours, and whose output it follows", () => {
  assert.equal(VERSION, JSON.parse(readFileSync("package.json", "utf8")).version);
  const text = `bpfts v${VERSION}\nlike bpftool v${BPFTOOL_VERSION} with libbpf v${LIBBPF_VERSION}\nfeatures: crypto\n`;
  for (const line of [["version"], ["-V"], ["-V", "prog", "show"], ["--vers"], ["v"]]) {
    assert.deepEqual(bpfts(...line), { stdout: text, stderr: "", code: 0 });
  }
  assert.deepEqual(Object.keys(JSON.parse(bpfts("version", "-j").stdout)).slice(0, 3), [
    "version",
    "libbpf_version",
    "features",
  ]);
});

test("bpftool's usage texts go to standard error with exit code 0, and are null in JSON", () => {
  for (const line of [["help"], [], ["prog", "help"], ["link", "help"], ["cgroup", "help"], ["iter"]]) {
    const { stdout, stderr, code } = bpfts(...line);
    assert.equal(stdout, "");
    assert.match(stderr, /^Usage: bpfts /);
    assert.equal(code, 0);
    assert.deepEqual(bpfts("-j", ...line), { stdout: "null\n", stderr: "", code: 0 });
  }
});

test("each form of a command is a line of the usage with all of its words", () => {
  const [usage = ""] = bpfts("prog", "help").stderr.split("\n\n");
  for (const form of ["dump xlated PROG", "dump jited  PROG", "{ load | loadall } OBJ", "profile PROG"]) {
    assert.ok(usage.includes(` bpfts prog ${form}`), form);
  }
});

test("a failure is one line on standard error, or one JSON value on standard output", () => {
  const cases: [string[], RegExp, number][] = [
    [["nonsense"], /^'nonsense' is not a command of 'bpfts'/, 255],
    [["prog", "nonsense"], /is not a command of 'bpfts prog'/, 255],
    [["map", "show", "name", "no_such_map"], /^no map has the name 'no_such_map'$/, 255],
    [["map", "p", "id", "1"], /^'p' could be 'pin', 'peek', 'push', 'pop'/, 255],
    [["map", "lookup", "id"], /^'lookup' needs at least 2 arguments, 1 found$/, 255],
    [["map", "create", "/x", "type", "nosuch", "key", "4", "name", "x"], /^unrecognized map type: nosuch$/, 255],
    [["map", "create", "/x", "type", "hash", "key", "4", "value", "4"], /^map name not specified$/, 255],
    [["batch", "file", "x"], /^Can't open file \(x\): No such file or directory$/, 255],
    [["prog", "p"], /^'p' could be 'pin', 'profile'/, 255],
    [["prog", "show", "id"], /^'prog show id' needs a number$/, 255],
    [["prog", "show", "id", "1", "id", "1"], /./, 255],
    [["prog", "show", "ids", "1"], /^expected 'id', 'tag', 'name' or 'pinned', got: 'ids'\? Did you mean 'id'\?$/, 255],
    [["prog", "show", "id", "4294967297"], /^can't parse '4294967297' as ID: it is above 4294967295$/, 255],
    [["prog", "show", "tag", "4e2c"], /^can't parse tag '4e2c'/, 255],
    [["prog", "show", "name", "no_such_program"], /^no program has the name 'no_such_program'$/, 255],
    [["prog", "show", "pinned", '/no"quote\n'], /^nothing is pinned at \/no"quote\\?n?\n?$/, 255],
    [["prog", "show", "pinned", "/etc/passwd"], /^\/etc\/passwd is not in a bpffs$/, 255],
    [["prog", "dump"], /^expected 'xlated' or 'jited', got: nothing$/, 255],
    [["prog", "pin", "id", "1"], /^'pin' needs at least 3 arguments, 2 found$/, 234],
    [["link", "show", "tag", "1"], /^expected 'id' or 'pinned', got: 'tag'\?$/, 255],
    [["link", "detach", "id", "4294967295"], /^failed to get link with ID 4294967295: No such file or directory/, 1],
    [["cgroup", "show"], /^'show' needs at least 1 arguments, 0 found$/, 255],
    [["cgroup", "show", "/nonexistent"], /^can't open cgroup \/nonexistent: No such file or directory$/, 255],
    [
      ["cgroup", "show", "/tmp"],
      /^\/tmp is not a cgroup: it is not in a cgroup v2 hierarchy; cgroup v2 is mounted at \S+$/,
      255,
    ],
    [["cgroup", "attach", "/tmp"], /^too few parameters for cgroup attach/, 255],
    [["cgroup", "attach", "/tmp", "nonsense", "id", "1"], /^invalid attach type 'nonsense'/, 255],
    [["prgo", "show"], /^'prgo' is not a command of 'bpfts', .*; did you mean 'prog'\?$/, 255],
    [["prog", "dupm"], /^'dupm' is not a command of 'bpfts prog', .*; did you mean 'dump'\?$/, 255],
    [["prog", "show", "--detials"], /^unrecognized option '--detials'; did you mean '--details'\?$/, 255],
    [["--nonsense"], /^unrecognized option '--nonsense'$/, 255],
    [["-S", "prog", "show"], /must be supplied with -S/, 234],
    [["-k", "x", "prog", "show"], /must be explicitly passed/, 234],
  ];
  for (const [line, message, code] of cases) {
    const plain = bpfts(...line);
    assert.equal(plain.stdout, "", line.join(" "));
    assert.match(plain.stderr, /^Error: [^\n]*\n$/);
    assert.match(plain.stderr.slice("Error: ".length, -1), message, line.join(" "));
    assert.equal(plain.code, code, line.join(" "));
    const json = bpfts("-j", ...line);
    assert.equal(json.stderr, "");
    assert.equal(json.code, code);
    const value = JSON.parse(json.stdout);
    assert.deepEqual(Object.keys(value), ["error"]);
    assert.match(value.error, message);
  }
});

test("nothing to show is still a JSON value", () => {
  const root = spawnSync("sh", ["-c", "grep -m1 cgroup2 /proc/mounts | cut -d' ' -f2"], {
    encoding: "utf8",
  }).stdout.trim();
  assert.ok(Array.isArray(JSON.parse(bpfts("-j", "cgroup", "show", root).stdout)));
  assert.ok(Array.isArray(JSON.parse(bpfts("-j", "link").stdout)));
});

test("standard output that is full is one sentence on standard error, in JSON too", () => {
  for (const line of [["version"], ["-j", "version"], ["-p", "map", "show"]]) {
    const full = openSync("/dev/full", "w");
    const { stderr, status } = spawnSync(process.execPath, [COMMAND, ...line], {
      stdio: ["ignore", full, "pipe"],
      encoding: "utf8",
    });
    closeSync(full);
    assert.equal(stderr, "Error: can't write to standard output: No space left on device\n", line.join(" "));
    assert.equal(status, 255);
  }
  const full = openSync("/dev/full", "w");
  const failing = [COMMAND, "-j", "prog", "show", "id", "x"];
  const { stderr, status } = spawnSync(process.execPath, failing, {
    stdio: ["ignore", full, "pipe"],
    encoding: "utf8",
  });
  closeSync(full);
  assert.equal(stderr, "Error: can't parse x as ID\n");
  assert.equal(status, 255);
});

test("control characters in an error line are escaped, all of them", () => {
  const { stderr } = bpfts("prog", "show", "pinned", "/x\n\x1b[31m\x7f\x9b");
  assert.equal(stderr, "Error: nothing is pinned at /x\\n\\u001b[31m\\u007f\\u009b\n");
});

test("a reader that goes away ends the command without a word", async () => {
  const child = spawn(process.execPath, [COMMAND, "-p", "prog", "show"]);
  child.stdout.destroy();
  let stderr = "";
  child.stderr.on("data", (chunk) => {
    stderr += chunk;
  });
  await new Promise((resolve) => child.on("close", resolve));
  assert.equal(stderr, "");
});
