// A misspelled word is answered with the words that are like it, wherever on a command line it stands.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { readObject } from "../../../src/load/index.ts";
import { mapCreate, mapInfo } from "../../../src/sys/index.ts";
import { BpfMapType } from "../../../src/uapi/index.ts";
import { withBpffs } from "../../support/bpffs.ts";
import { owned } from "../../support/cleanup.ts";
import { withDirectory } from "../../support/directory.ts";
import { bpfts } from "../run.ts";

/** Runs command lines in one process and returns the error of each. */
function errorsOf(t: TestContext, lines: readonly string[]): string[] {
  const path = join(withDirectory(t), "lines");
  writeFileSync(path, `${lines.join("\n")}\n`);
  const outputs = JSON.parse(bpfts("-j", "--keep-going", "batch", "file", path).stdout) as {
    output: { error?: string };
  }[];
  assert.equal(outputs.length, lines.length);
  return outputs.map(({ output }) => output.error ?? "");
}

/** Asserts how the error of each command line ends. */
function assertEnds(t: TestContext, rows: readonly (readonly [line: string, end: string])[]): void {
  const errors = errorsOf(
    t,
    rows.map(([line]) => line),
  );
  for (const [i, [line, end]] of rows.entries()) assert.ok(errors[i]?.endsWith(end), `${line}: ${errors[i]}`);
}

test("misspelled keywords, types and attach types are answered with the words that are like them", (t) => {
  const rows: (readonly [line: string, near: string])[] = [
    ["prog show nmae x", "'name'"],
    ["map show pined /x", "'pinned'"],
    ["link show idd 3", "'id'"],
    ["btf show idd 3", "'id'"],
    ["btf find task fiel x", "'file'"],
    ["btf dump flie x", "'file'"],
    ["btf dump file /sys/kernel/btf/vmlinux fromat c", "'format'"],
    ["btf dump file /sys/kernel/btf/vmlinux format rwa", "'raw'"],
    ["prog dump xlatde id 1", "'xlated'"],
    ["prog load test/bpf/minimal.bpf.o /x tpye xdp", "'type'"],
    ["prog load test/bpf/minimal.bpf.o /x type xpd", "'xdp'"],
    ["prog load test/bpf/minimal.bpf.o /x map nmae x id 1", "'name'"],
    ["prog tracelog stdotu id 1", "'stdout'"],
    ["map create /x tyep hash key 4 value 4 entries 1 name x", "'type'"],
    ["map create /x type hsah key 4 value 4 entries 1 name x", "'hash'"],
    ["net show devv lo", "'dev'"],
    ["net attach xpd id 3 dev lo", "'xdp'"],
    ["cgroup show /x efective", "'effective'"],
    ["cgroup attach /x inet_egres id 3", "'cgroup_inet_egress'"],
    ["cgroup detach /x cgroup_devcie id 3", "'cgroup_device'"],
    ["feature list_builtins hlepers", "'helpers'"],
    ["feature probe kernle", "'kernel'"],
  ];
  assertEnds(
    t,
    rows.map(([line, near]) => [line, `id you mean ${near}?`]),
  );
});

test("the hint is in text and in JSON, and for the values of options", () => {
  const line = ["--type", "tracepiont", "prog", "show"];
  const error = "unknown program type 'tracepiont'; did you mean 'tracepoint'?";
  const text = bpfts(...line);
  assert.deepEqual([text.stdout, text.stderr, text.code], ["", `Error: ${error}\n`, 255]);
  assert.deepEqual(JSON.parse(bpfts("-j", ...line).stdout), { error });
});

test("misspelled words behind a map are answered, too", (t) => {
  const hash = { map_type: BpfMapType.BPF_MAP_TYPE_HASH, key_size: 1, value_size: 1, max_entries: 1 };
  const { id } = mapInfo(owned(t, mapCreate(hash)));
  assertEnds(t, [
    [`map lookup id ${id} kye 1`, "; did you mean 'key'?"],
    [`map update id ${id} key 1 vlaue 1`, "; did you mean 'value'?"],
    [`map update id ${id} key 1 value 1 noexsit`, "; did you mean 'noexist'?"],
  ]);
});

test("a misspelled section name is answered with the known ones, by the command and by the library", (t) => {
  const path = join(withDirectory(t), "typo.bpf.o");
  writeFileSync(path, readFileSync("test/bpf/minimal.bpf.o", "latin1").replaceAll("xdp", "xpd"), "latin1");
  assert.deepEqual(
    Object.values(readObject(path).programs).map(({ sectionName }) => sectionName),
    ["xpd"],
  );
  assertEnds(t, [[`prog load ${path} ${withBpffs(t)}/x`, "; did you mean 'xdp'?"]]);
});

test("words that are like no keyword get no suggestion, and a missing word is named", (t) => {
  assertEnds(t, [
    ["prog show bogus 1", "expected 'id', 'tag', 'name' or 'pinned', got: 'bogus'?"],
    ["prog show 7", "expected 'id', 'tag', 'name' or 'pinned', got: '7'?; if it is an id, write 'id 7'"],
    ["btf dump file /sys/kernel/btf/vmlinux format x", "possible values: raw, c"],
    ["prog show id", "'prog show id' needs a number"],
    ["p s pinned", "'p s pinned' needs a file"],
    ["btf dump file test/bpf/counter.bpf.o format raw root_id", "'btf dump … root_id' needs a number"],
  ]);
});
