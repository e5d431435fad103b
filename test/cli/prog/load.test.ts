import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { attachXdp } from "../../../src/link/index.ts";
import { openProgram } from "../../../src/program/index.ts";
import { withBpffs } from "../../support/bpffs.ts";
import { lacking, needs } from "../../support/feature.ts";
import { withVeth } from "../../support/netns.ts";
import { bpftool, bpfts, COMMAND, hasPeer, type Ran } from "../run.ts";

const NOTHING = { stdout: "", stderr: "", code: 0 };

/** What `prog show` says of a pinned program, without what differs from load to load. */
function shown(path: string): unknown {
  const { id, map_ids, loaded_at, btf_id, ...rest } = JSON.parse(bpfts("-j", "prog", "show", "pinned", path).stdout);
  return { ...rest, maps: map_ids?.length };
}

test("prog loadall pins every program and map, as bpftool does", (t) => {
  const bpffs = withBpffs(t);
  const object = "test/bpf/counter.bpf.o";
  const ours = ["prog", "loadall", object, `${bpffs}/ours`, "pinmaps", `${bpffs}/our_maps`];
  assert.deepEqual(bpfts(...ours), NOTHING);
  assert.deepEqual(readdirSync(`${bpffs}/ours`).sort(), ["egress", "forked", "ingress"]);
  assert.ok(readdirSync(`${bpffs}/our_maps`).includes("counter_rodata"));
  if (!needs(t, "tool:bpftool")) return;
  bpftool("prog", "loadall", object, `${bpffs}/theirs`, "pinmaps", `${bpffs}/their_maps`);
  assert.deepEqual(readdirSync(`${bpffs}/our_maps`).sort(), readdirSync(`${bpffs}/their_maps`).sort());
  for (const program of ["egress", "forked", "ingress"]) {
    assert.deepEqual(shown(`${bpffs}/ours/${program}`), shown(`${bpffs}/theirs/${program}`));
  }
});

test("prog load -m takes maps sections, their longer definitions and unknown fields of maps", (t) => {
  const bpffs = withBpffs(t);
  const unknown = join(mkdtempSync(join(tmpdir(), "bpfts-mapcompat-")), "unknown.bpf.o");
  t.after(() => rmSync(join(unknown, ".."), { recursive: true }));
  writeFileSync(
    unknown,
    readFileSync("test/bpf/maps-fields.bpf.o", "latin1").replaceAll("numa_node", "numa_hint"),
    "latin1",
  );
  for (const object of [unknown, "test/bpf/maps-legacy.bpf.o", "test/bpf/maps-legacy-iproute2.bpf.o"]) {
    const refused = bpfts("prog", "load", object, `${bpffs}/program`);
    assert.match(refused.stderr, /^Error: failed to open object file: .*--mapcompat/, object);
    assert.equal(refused.code, 255);
    assert.deepEqual(bpfts("-m", "prog", "load", object, `${bpffs}/program`), NOTHING, object);
    // libbpf 1.0 and newer take no maps sections; an unknown field they take.
    if (hasPeer)
      assert.equal(bpftool("-m", "prog", "load", object, `${bpffs}/theirs`).code, object === unknown ? 0 : 255);
    for (const pin of ["program", "theirs"]) rmSync(`${bpffs}/${pin}`, { force: true });
  }
});

test("prog loadall links functions in sections that name no program type, and loads none of them", (t) => {
  const bpffs = withBpffs(t);
  for (const [i, options] of [[], ["-L"]].entries()) {
    assert.deepEqual(
      bpfts(...options, "prog", "loadall", "test/bpf/functions-sections.bpf.o", `${bpffs}/${i}`),
      NOTHING,
    );
    assert.deepEqual(readdirSync(`${bpffs}/${i}`), ["lengths"]);
  }
});

test("prog load -L and loadall -L load by a loader program, and pin what a normal load pins", (t) => {
  const bpffs = withBpffs(t);
  for (const name of ["counter", "core-fields", "maps-arena", "kfuncs"]) {
    const object = `test/bpf/${name}.bpf.o`;
    for (const [directory, options] of [
      ["normal", []],
      ["loader", ["-L"]],
    ] as const) {
      const words = ["prog", "loadall", object, `${bpffs}/${directory}`, "pinmaps", `${bpffs}/${directory}_maps`];
      assert.deepEqual(bpfts(...options, ...words), NOTHING, `${name} ${directory}`);
    }
    assert.deepEqual(readdirSync(`${bpffs}/loader_maps`).sort(), readdirSync(`${bpffs}/normal_maps`).sort());
    assert.deepEqual(readdirSync(`${bpffs}/loader`).sort(), readdirSync(`${bpffs}/normal`).sort());
    for (const pin of readdirSync(`${bpffs}/normal`)) {
      assert.deepEqual(shown(`${bpffs}/loader/${pin}`), shown(`${bpffs}/normal/${pin}`), `${name} ${pin}`);
    }
    for (const directory of ["normal", "normal_maps", "loader", "loader_maps"]) {
      rmSync(`${bpffs}/${directory}`, { recursive: true });
    }
  }
  assert.deepEqual(bpfts("-jL", "prog", "load", "test/bpf/minimal.bpf.o", `${bpffs}/one`), {
    ...NOTHING,
    stdout: "null\n",
  });
  const refused = bpfts("-L", "prog", "load", "test/bpf/verifier-null.bpf.o", `${bpffs}/p`);
  assert.match(refused.stderr, /\nError: failed to load object file: .*R0 invalid mem access 'map_value_or_null'.*\n$/);
  const steps = bpfts("-dL", "prog", "load", "test/bpf/minimal.bpf.o", `${bpffs}/two`);
  assert.match(steps.stderr, /^load: loader program: \d+ instructions, \d+ bytes of data$/m);
  assert.match(steps.stderr, /^load: loader program: program pass: done$/m);
});

test("prog load -S signs the loader, or says what the kernel lacks", (t) => {
  const bpffs = withBpffs(t);
  const load = (key: string, path: string): Ran =>
    bpfts(
      ...["-j", "-S", "-k", `test/load/sign/${key}.key.pem`, "-i", "test/load/sign/rsa.cert.pem"],
      ...["prog", "load", "test/bpf/minimal.bpf.o", path],
    );
  const ran = load("rsa", `${bpffs}/p`);
  const lack = lacking("prog:signature");
  if (lack === false) {
    assert.deepEqual(ran, { stdout: "null\n", stderr: "", code: 0 });
    assert.match(bpfts("prog", "show", "pinned", `${bpffs}/p`).stdout, /name pass/);
  } else {
    assert.match(
      JSON.parse(ran.stdout).error,
      /without CONFIG_SYSTEM_DATA_VERIFICATION|does not support signed loader programs/,
      lack,
    );
    assert.ok(!existsSync(`${bpffs}/p`));
  }
  const other = JSON.parse(load("ec", `${bpffs}/q`).stdout).error;
  assert.match(other, /does not belong to the private key|does not support signed loader programs/);
});

test("prog load binds an XDP program to the device whose packets' metadata it reads, as bpftool does", (t) => {
  if (!needs(t, "prog:xdp_device_bound")) return;
  const bpffs = withBpffs(t);
  const { name } = withVeth(t);
  const load = ["prog", "load", "test/bpf/minimal.bpf.o", `${bpffs}/p`, "xdpmeta_dev", name];
  assert.deepEqual(bpfts(...load), NOTHING);
  using program = openProgram({ pinned: `${bpffs}/p` });
  using link = attachXdp(program, { device: name, mode: "driver" });
  assert.equal(link.info().kind, "xdp");
  // It goes to no other device, and to none in the network stack.
  const other = withVeth(t).name;
  assert.throws(() => attachXdp(program, { device: other }), /cannot be attached to network device/);
  assert.throws(() => attachXdp(program, { device: name, mode: "generic" }), /cannot be attached to network device/);
  if (!needs(t, "tool:bpftool")) return;
  bpftool("prog", "load", "test/bpf/minimal.bpf.o", `${bpffs}/q`, "xdpmeta_dev", name);
  using theirs = openProgram({ pinned: `${bpffs}/q` });
  assert.equal(program.tag, theirs.tag);
  assert.throws(() => attachXdp(theirs, { device: other }), /cannot be attached to network device/);
});

test("prog load pins the first program; a type and maps can be given", (t) => {
  const bpffs = withBpffs(t);
  assert.deepEqual(bpfts("-j", "prog", "load", "test/bpf/minimal.bpf.o", `${bpffs}/one`), {
    ...NOTHING,
    stdout: "null\n",
  });
  assert.ok(existsSync(`${bpffs}/one`));
  const object = "test/bpf/counter.bpf.o";
  assert.deepEqual(bpfts("prog", "loadall", object, `${bpffs}/all`, "pinmaps", `${bpffs}/maps`), NOTHING);
  const counts = ["map", "name", "counts", "pinned", `${bpffs}/maps/counts`];
  assert.deepEqual(bpfts("prog", "load", object, `${bpffs}/again`, ...counts), NOTHING);
  const idsOf = (path: string): number[] => JSON.parse(bpfts("-j", "prog", "show", "pinned", path).stdout).map_ids;
  const shared = idsOf(`${bpffs}/again`).filter((id) => idsOf(`${bpffs}/all/ingress`).includes(id));
  assert.equal(shared.length, 1);
});

test("autoattach pins links where a section's name says enough, and programs elsewhere", (t) => {
  const bpffs = withBpffs(t);
  assert.deepEqual(bpfts("prog", "load", "test/bpf/sections-trace.bpf.o", `${bpffs}/link`, "autoattach"), NOTHING);
  assert.match(bpfts("link", "show", "pinned", `${bpffs}/link`).stdout, /tracepoint sched_switch {2}\n$/);
  // The directory is made, which bpftool forgets.
  const all = bpfts("prog", "loadall", "test/bpf/counter.bpf.o", `${bpffs}/all`, "autoattach");
  assert.equal(all.code, 0, all.stderr);
  assert.match(all.stderr, /^Program ingress does not support autoattach, falling back to pinning$/m);
  assert.match(bpfts("prog", "show", "pinned", `${bpffs}/all/ingress`).stdout, /name ingress/);
});

test("a failed load says why, and leaves nothing behind", (t) => {
  const bpffs = withBpffs(t);
  const directory = mkdtempSync(join(tmpdir(), "bpfts-cli-"));
  t.after(() => rmSync(directory, { recursive: true }));
  writeFileSync(join(directory, "text.o"), "no object");
  const refused = bpfts("prog", "load", "test/bpf/verifier-null.bpf.o", `${bpffs}/p`);
  assert.match(refused.stderr, /^prog 'careless': -- BEGIN PROG LOAD LOG --\n/);
  assert.match(refused.stderr, /\nError: failed to load object file: .*R0 invalid mem access 'map_value_or_null'.*\n$/);
  assert.equal(refused.code, 255);
  const json = bpfts("-j", "prog", "load", "test/bpf/verifier-null.bpf.o", `${bpffs}/p`);
  assert.match(JSON.parse(json.stdout).error, /R0 invalid mem access 'map_value_or_null'/);
  const cases: [string[], RegExp][] = [
    [["load", join(directory, "text.o"), `${bpffs}/p`], /failed to open object file: .*this is not an ELF file/],
    [["load", join(directory, "none.o"), `${bpffs}/p`], /failed to open object file: .*there is no such file/],
    [["load", "test/bpf/sections-unknown.bpf.o", `${bpffs}/p`], /names no program type: give one with 'type TYPE'/],
    [["load", "test/bpf/minimal.bpf.o", `${bpffs}/none/p`], /dir '.*\/none' doesn't exist/],
    [["load", "test/bpf/minimal.bpf.o", join(directory, "p")], /is not in a BPF file system \(bpffs\)/],
    [["loadall", "test/bpf/minimal.bpf.o", join(directory, "p")], /is not in a BPF file system \(bpffs\)/],
    [["load", "test/bpf/core-fields.bpf.o", `${bpffs}/p`, "kernel_btf", "/none"], /\/none/],
  ];
  for (const [line, message] of cases) {
    const { stderr, code } = bpfts("prog", ...line);
    assert.match(stderr, message, line.join(" "));
    assert.equal(code, 255);
  }
  assert.deepEqual(
    readdirSync(bpffs).filter((name) => !name.endsWith(".debug")),
    [],
  );
  // The second program's pin is in the way: the first one's goes again.
  assert.equal(bpfts("prog", "load", "test/bpf/minimal.bpf.o", `${bpffs}/kept`).code, 0);
  assert.equal(bpfts("prog", "loadall", "test/bpf/counter.bpf.o", `${bpffs}/all`).code, 0);
  rmSync(`${bpffs}/all/ingress`);
  assert.match(bpfts("prog", "loadall", "test/bpf/counter.bpf.o", `${bpffs}/all`).stderr, /already exists/);
  assert.deepEqual(readdirSync(`${bpffs}/all`).sort(), ["egress", "forked"]);
});

test("-d shows the steps of a load, and the verifier's log of programs that load", (t) => {
  const bpffs = withBpffs(t);
  const { stderr, code } = bpfts("-d", "prog", "load", "test/bpf/minimal.bpf.o", `${bpffs}/p`);
  assert.match(stderr, /-- BEGIN PROG LOAD LOG --\n[\s\S]*processed \d+ insns[\s\S]*-- END PROG LOAD LOG --\n/);
  assert.match(stderr, /^load: BTF of \d+ bytes: loaded\n/);
  assert.match(stderr, /^load: program pass: section xdp, xdp, 2 instructions, loaded with fd \d+$/m);
  const fields = bpfts("-d", "prog", "load", "test/bpf/core-fields.bpf.o", `${bpffs}/f`);
  assert.match(fields.stderr, /^load: map .bss: array, key 4 B, value 256 B, max_entries 1, flags 0x400, created/m);
  assert.match(
    fields.stderr,
    /^load: program read: instruction 2: CO-RE .*task_struct.tgid .* matches .* in vmlinux: 12 becomes \d+$/m,
  );
  assert.equal(code, 0);
});

test("a reader of the warnings that goes away leaves nothing pinned", async (t) => {
  const bpffs = withBpffs(t);
  // What a killed process left: the command warns of it after it has pinned the programs.
  mkdirSync(`${bpffs}/maps_bpfts_unfinished_4294967295`);
  const line = ["prog", "loadall", "test/bpf/counter.bpf.o", `${bpffs}/programs`, "pinmaps", `${bpffs}/maps`];
  const child = spawn(process.execPath, [COMMAND, ...line], { stdio: ["ignore", "pipe", "pipe"] });
  child.stderr.destroy();
  assert.deepEqual(await once(child, "exit"), [141, null]);
  assert.deepEqual(
    readdirSync(bpffs).filter((name) => !name.endsWith(".debug")),
    ["maps_bpfts_unfinished_4294967295"],
  );
});
