import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { formatHex } from "../../../src/layout/index.ts";
import {
  enableStats,
  mapCreate,
  objPin,
  type ProgLoadOptions,
  progBindMap,
  progInfo,
  progLoad,
  progTestRun,
} from "../../../src/sys/index.ts";
import { BpfMapType, BpfProgType } from "../../../src/uapi/index.ts";
import { withBpffs } from "../../support/bpffs.ts";
import { owned } from "../../support/cleanup.ts";
import { lacking } from "../../support/feature.ts";
import { returning } from "../../support/programs.ts";
import { assertParity, bpftool, bpfts, type Placeholders } from "../run.ts";

const p = BpfProgType;

function program(
  t: TestContext,
  options: Partial<ProgLoadOptions> = {},
  returns = 1,
): { fd: number; id: number; ids: Placeholders } {
  const fd = owned(t, progLoad({ prog_type: p.BPF_PROG_TYPE_SOCKET_FILTER, insns: returning(returns), ...options }));
  const { id } = progInfo(fd);
  return { fd, id, ids: [[id, "prog"]] };
}

const PROGRAMS: Record<string, Partial<ProgLoadOptions>> = {
  "without a name": {},
  "with a name of 15 characters": { prog_name: "fifteen_letters" },
  "under another license": { prog_name: "closed", license: "Proprietary" },
  "of another type": { prog_name: "probe", prog_type: p.BPF_PROG_TYPE_KPROBE },
};

for (const [what, options] of Object.entries(PROGRAMS)) {
  test(`prog show of a program ${what}`, (t) => {
    const { id, ids } = program(t, options);
    assertParity(`prog ${what}`, ["prog", "show", "id", `${id}`], ids);
    assertParity(`prog dump ${what}`, ["prog", "dump", "xlated", "id", `${id}`, "opcodes"], ids);
  });
}

test("prog show by tag, by pin, with pins, with maps, and of several", (t) => {
  const bpffs = withBpffs(t);
  // A value that no other program of this machine returns gives a tag of its own.
  const value = 1_000_000 + process.pid;
  const one = program(t, { prog_name: "test_one" }, value);
  const two = program(t, { prog_name: "test_two" }, value);
  const map = owned(
    t,
    mapCreate({ map_type: BpfMapType.BPF_MAP_TYPE_ARRAY, key_size: 4, value_size: 4, max_entries: 1 }),
  );
  progBindMap(one.fd, map);
  objPin(`${bpffs}/one`, one.fd);
  const tag = formatHex(progInfo(one.fd).tag);
  const ids: Placeholders = [
    [one.id, "one"],
    [two.id, "two"],
    [bpffs, "bpffs"],
    [progInfo(one.fd, { map_ids: true }).map_ids?.[0] ?? 0, "map"],
    [value, "value"],
    [`0x${value.toString(16)}`, "value"],
  ];
  assertParity("prog several", ["prog", "show", "tag", tag], ids);
  assertParity("prog several dumped", ["prog", "dump", "xlated", "tag", tag], ids);
  assertParity("prog pinned", ["prog", "show", "pinned", `${bpffs}/one`], ids);
  assertParity("prog with pins", ["prog", "-f", "show", "tag", tag], [[`${bpffs}/one`, "pin"], ...ids]);
  assertParity("prog by cut words", ["p", "l", "na", "test_two"], ids);
  assert.match(
    bpfts("prog", "pin", "tag", tag, `${bpffs}/x`).stderr,
    /several programs match this handle: ids \d+, \d+/,
  );
  assert.match(bpfts("prog", "dump", "xlated", "tag", tag, "visual").stderr, /several programs matched/);
});

test("prog show of a program that ran while statistics were on", (t) => {
  const { fd, id, ids } = program(t, { prog_name: "test_ran" });
  const stats = enableStats();
  progTestRun(fd, { data_in: new Uint8Array(64), repeat: 3 });
  owned(t, stats);
  const { run_time_ns = 0n } = progInfo(fd);
  assertParity("prog that ran", ["prog", "show", "id", `${id}`], [...ids, [run_time_ns, "nanoseconds"]]);
});

test("prog pin pins, and refuses what is there", (t) => {
  const bpffs = withBpffs(t);
  const { id } = program(t);
  assert.deepEqual(bpfts("prog", "pin", "id", `${id}`, `${bpffs}/p`), { stdout: "", stderr: "", code: 0 });
  assert.ok(statSync(`${bpffs}/p`).isFile());
  assert.match(bpfts("prog", "pin", "id", `${id}`, `${bpffs}/p`).stderr, /path '.*\/p' already exists/);
  assert.match(bpfts("prog", "pin", "id", `${id}`, `${bpffs}/no/p`).stderr, /dir '.*\/no' doesn't exist/);
  assert.match(
    bpfts("prog", "pin", "id", `${id}`, `${bpffs}/p`, "more").stderr,
    /expected no more arguments, got: 'more'/,
  );
});

test("prog dump xlated to a file writes the instructions, for its owner alone", (t) => {
  const directory = mkdtempSync(join(tmpdir(), "bpfts-cli-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const { fd, id } = program(t);
  const path = join(directory, "insns");
  assert.deepEqual(bpfts("-j", "prog", "dump", "x", "id", `${id}`, "file", path), {
    stdout: "null\n",
    stderr: "",
    code: 0,
  });
  assert.deepEqual(new Uint8Array(readFileSync(path)), progInfo(fd, { xlated_prog_insns: true }).xlated_prog_insns);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  const mixed = bpfts("prog", "dump", "xlated", "id", `${id}`, "file", path, "linum");
  assert.match(mixed.stderr, /'file' is not compatible with 'opcodes', 'visual', or 'linum'/);
});

// What bpftool loads is shown and dumped alike: names completed from BTF, source lines, subprograms, metadata.
const OBJECTS = [
  "metadata",
  "names-long",
  "callbacks",
  "functions",
  "isa-v4",
  "kfuncs",
  "tags",
  "minimal-no-btf",
  "counter",
];

for (const name of OBJECTS) {
  test(`programs of ${name}.bpf.o`, { skip: lacking("tool:bpftool") }, (t) => {
    if (!readdirSync("test/bpf").includes(`${name}.bpf.o`)) return t.skip("there is no such object");
    const bpffs = withBpffs(t);
    const loaded = bpftool("prog", "loadall", `test/bpf/${name}.bpf.o`, `${bpffs}/all`);
    if (loaded.code !== 0) return t.skip(`this kernel does not load it: ${loaded.stderr.trim().split("\n").at(-1)}`);
    for (const pin of readdirSync(`${bpffs}/all`)) {
      const handle = ["pinned", `${bpffs}/all/${pin}`];
      same("prog", "show", ...handle);
      for (const how of [[], ["opcodes"], ["linum"], ["opcodes", "linum"]])
        same("prog", "dump", "xlated", ...handle, ...how);
      const plain = bpftool("prog", "dump", "xlated", ...handle).stdout;
      // bpftool draws callbacks into their caller, gives subprograms the lines of the main program, and takes gotol's
      // distance from the wrong field.
      if (!/\bcall pc|subprog\[|gotol/.test(plain)) {
        same("prog", "dump", "xlated", ...handle, "visual", "opcodes", "linum");
      }
    }
  });
}

function same(...line: string[]): void {
  for (const style of line.includes("visual") ? [[]] : [[], ["-p"]]) {
    const ours = bpfts(...style, ...line);
    assert.equal(ours.stderr, "");
    assert.equal(ours.stdout, bpftool(...style, ...line).stdout, [...style, ...line].join(" "));
    assert.equal(ours.code, 0);
  }
}
