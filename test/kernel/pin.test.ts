import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { BpfError, UsageError } from "../../src/errors/index.ts";
import { pinName, pinTogether } from "../../src/kernel/index.ts";
import { attachIterator } from "../../src/link/index.ts";
import { loadObject, readObject } from "../../src/load/index.ts";
import { createMap } from "../../src/map/index.ts";
import { ObjectSpec } from "../../src/object/index.ts";
import { MountFlag, mount } from "../../src/sys/index.ts";
import { bpfts } from "../cli/run.ts";
import { withBpffs } from "../support/bpffs.ts";
import { withoutCapabilities } from "../support/privileges.ts";

const array = () => createMap({ type: "array", name: "one", key: "u32", value: "u32", maxEntries: 1 });

test("a name leads nowhere but into the pin's directory", () => {
  assert.equal(pinName("egress", "program egress"), "egress");
  for (const name of ["../../evil", "a/b", "..", ".", "", "a\0b", "a.b"]) {
    assert.throws(() => pinName(name, "program x"), UsageError, JSON.stringify(name));
  }
});

test("pins are made all or none", (t) => {
  const bpffs = withBpffs(t);
  using map = array();
  const pin = (path: string) => ({ path: `${bpffs}/${path}`, fd: map.fd, what: "map one" });
  const undo = pinTogether([pin("set/a"), pin("set/maps/b"), pin("other/c")]);
  assert.deepEqual(
    readdirSync(bpffs)
      .filter((name) => !name.endsWith(".debug"))
      .sort(),
    ["other", "set"],
  );
  assert.deepEqual(readdirSync(`${bpffs}/set`).sort(), ["a", "maps"]);
  assert.deepEqual(readdirSync(`${bpffs}/set/maps`), ["b"]);
  assert.throws(() => pinTogether([pin("set/d"), pin("new/e"), pin("set/a")]), /set\/a: the path exists already/);
  assert.deepEqual(readdirSync(`${bpffs}/set`).sort(), ["a", "maps"]);
  assert.ok(!existsSync(`${bpffs}/new`));
  undo.run();
  assert.deepEqual(
    readdirSync(bpffs).filter((name) => !name.endsWith(".debug")),
    [],
  );
});

test("what a process that was killed did not finish is told by the next", (t) => {
  const bpffs = withBpffs(t);
  using map = array();
  mkdirSync(`${bpffs}/set_bpfts_unfinished_4194999`);
  const told: string[] = [];
  pinTogether([{ path: `${bpffs}/set/a`, fd: map.fd, what: "map one" }], (left) => told.push(left));
  assert.deepEqual(told, [`${bpffs}/set_bpfts_unfinished_4194999`]);
  assert.deepEqual(readdirSync(`${bpffs}/set`), ["a"]);
});

test("a pin that may not be read: every command and the library name the file's mode, not a capability", (t) => {
  const bpffs = withBpffs(t);
  const pinnedMap = ["pinned", `${bpffs}/map`];
  using map = array();
  map.pin(`${bpffs}/map`);
  map.pin(`${bpffs}/below/open`);
  map.pin(`${bpffs}/named/pinned`);
  const walk = loadObject("test/bpf/iter-tasks.bpf.o");
  t.after(() => walk.close());
  walk.program("tasks").pin(`${bpffs}/prog`);
  using link = attachIterator(walk.program("tasks"));
  link.pin(`${bpffs}/link`);
  for (const path of ["map", "prog", "link", "named/pinned", "below"]) {
    chownSync(`${bpffs}/${path}`, 65534, 65534);
    chmodSync(`${bpffs}/${path}`, path === "below" ? 0o700 : 0o600);
  }
  // Root without the capabilities by which it may open every file.
  const [setpriv, ...rights] = withoutCapabilities("-dac_override,-dac_read_search");
  const run = (...words: readonly string[]): string =>
    spawnSync(setpriv, [...rights, process.execPath, ...words], { encoding: "utf8" }).stderr;
  const command = (...words: readonly string[]): string => run("dist/bin/bpfts.js", ...words);

  const refused =
    /Permission denied \(EACCES\); the pin's mode is 0600 and it belongs to user 65534: this process lacks the right to open this file; a capability for BPF does not help$/m;
  const object = "test/bpf/iter-tasks.bpf.o";
  for (const line of [
    ["prog", "show", "pinned", `${bpffs}/prog`],
    ["prog", "dump", "xlated", "pinned", `${bpffs}/prog`],
    ["map", "update", ...pinnedMap, "key", "0", "0", "0", "0", "value", "0", "0", "0", "0"],
    ["link", "show", "pinned", `${bpffs}/link`],
    ["link", "detach", "pinned", `${bpffs}/link`],
    ["iter", "read", "pinned", `${bpffs}/link`],
    ["iter", "pin", object, `${bpffs}/new`, "map", ...pinnedMap],
    ["btf", "dump", "map", ...pinnedMap],
  ]) {
    const stderr = command(...line);
    assert.match(stderr, refused, line.join(" "));
    assert.doesNotMatch(stderr, /CAP_|not in a bpffs/, line.join(" "));
  }
  const library = `
    const { loadObject, openLink, openMap, openProgram } = await import(${JSON.stringify(import.meta.resolve("bpfts"))});
    for (const open of [
      () => openProgram({ pinned: "${bpffs}/prog" }),
      () => openMap({ pinned: "${bpffs}/map" }),
      () => openLink({ pinned: "${bpffs}/link" }),
      () => loadObject("test/bpf/maps-pinned.bpf.o", { pinPath: "${bpffs}/named" }),
    ])
      try { open(); console.error("opened"); } catch (error) { console.error(error.message); }`;
  const lines = run("--input-type=module", "-e", library).trim().split("\n");
  assert.equal(lines.length, 4, lines.join("\n"));
  for (const line of lines) assert.match(line, refused);

  const below = command("map", "show", "pinned", `${bpffs}/below/open`);
  assert.match(below, /Permission denied \(EACCES\); this process may lack the right to search one of the directories/);
  assert.doesNotMatch(below, /not in a bpffs|CAP_/);
});

test("a read-only bpffs and a file in place of a directory are told in words", (t) => {
  const bpffs = withBpffs(t);
  using map = array();
  map.pin(`${bpffs}/file`);
  assert.throws(() => map.pin(`${bpffs}/file/below`), /cannot be pinned/);
  assert.match(
    bpfts("prog", "loadall", "test/bpf/minimal.bpf.o", `${bpffs}/file`).stderr,
    /'.*file' is not a directory/,
  );
  mount({ target: bpffs, flags: MountFlag.MS_REMOUNT | MountFlag.MS_RDONLY });
  for (const path of ["new/one", "one"]) {
    assert.throws(
      () => map.pin(`${bpffs}/${path}`),
      (error) => error instanceof BpfError && /read-only|Read-only/.test(error.message),
      path,
    );
  }
  const { stderr } = bpfts("prog", "loadall", "test/bpf/minimal.bpf.o", `${bpffs}/all`);
  assert.match(stderr, /cannot be pinned in \S*\/all: the bpffs at .* is mounted read-only/);
  mount({ target: bpffs, flags: MountFlag.MS_REMOUNT });
});

test("an object names no pin outside the directory that was asked for", (t) => {
  const bpffs = withBpffs(t);
  const spec = readObject("test/bpf/minimal.bpf.o");
  const [program] = Object.values(spec.programs);
  assert.ok(program !== undefined);
  Object.assign(program, { name: "../evil" });
  using object = loadObject(spec);
  assert.throws(() => pinName(Object.keys(object.programs)[0] as string, "program ../evil"), /cannot contain \//);
  const counter = readObject("test/bpf/counter.bpf.o");
  const counts = counter.map("counts");
  for (const [name, options] of [
    ["../../evil", { pinMaps: `${bpffs}/maps` }],
    ["../evil", { pinPath: bpffs }],
  ] as const) {
    const maps = {
      ...counter.maps,
      counts: { ...counts, name, pinning: "pinPath" in options ? ("name" as const) : ("none" as const) },
    };
    const hostile = new ObjectSpec({ ...counter, maps });
    assert.throws(
      () => loadObject(hostile, options),
      /cannot be pinned by its name: the name of a file cannot contain \//,
    );
  }
});

test("the library pins globals under the names that the command uses", (t) => {
  const bpffs = withBpffs(t);
  loadObject("test/bpf/counter.bpf.o", { pinMaps: `${bpffs}/library` }).close();
  const command = ["prog", "loadall", "test/bpf/counter.bpf.o", `${bpffs}/command`, "pinmaps", `${bpffs}/command/maps`];
  assert.deepEqual(bpfts(...command), { stdout: "", stderr: "", code: 0 });
  assert.deepEqual(readdirSync(`${bpffs}/library`).sort(), readdirSync(`${bpffs}/command/maps`).sort());
  assert.ok(readdirSync(`${bpffs}/library`).includes("counter_rodata"));
});

test("a loadall that is killed leaves all of its pins or none in the directory", async (t) => {
  const bpffs = withBpffs(t);
  const whole = [2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24];
  let finished = 0;
  for (const [i, share] of whole.entries()) {
    const directory = `${bpffs}/run${i}`;
    const words = [
      "prog",
      "loadall",
      "test/bpf/counter.bpf.o",
      directory,
      "pinmaps",
      `${directory}/maps`,
      "autoattach",
    ];
    const child = spawn(process.execPath, ["dist/bin/bpfts.js", ...words], { stdio: "ignore" });
    // From before the load begins to after it has ended.
    const timer = setTimeout(() => child.kill("SIGKILL"), share * 15);
    await once(child, "exit");
    clearTimeout(timer);
    if (!existsSync(directory)) continue;
    finished++;
    assert.deepEqual(
      readdirSync(directory).sort(),
      ["egress", "forked", "ingress", "maps"],
      `killed after ${share * 15} ms`,
    );
    assert.equal(readdirSync(`${directory}/maps`).length, 5);
  }
  t.diagnostic(`${finished} of ${whole.length} had pinned`);
});
