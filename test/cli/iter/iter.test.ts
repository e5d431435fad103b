import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { createMap } from "../../../src/map/index.ts";
import { BpfMapType } from "../../../src/uapi/index.ts";
import { withBpffs } from "../../support/bpffs.ts";
import { needs } from "../../support/feature.ts";
import { kernelPid } from "../../support/kernel-pid.ts";
import { bpftool, bpfts } from "../run.ts";

const ELEMENTS = "test/bpf/iter-elements.bpf.o";
const TASKS = "test/bpf/iter-tasks.bpf.o";

function withMap(t: TestContext) {
  const map = createMap({
    type: BpfMapType.BPF_MAP_TYPE_ARRAY,
    keySize: 4,
    valueSize: 4,
    maxEntries: 3,
    name: "numbers",
  });
  t.after(() => map.close());
  for (let i = 0; i < 3; i++)
    map.update(new Uint8Array(Uint32Array.of(i).buffer), new Uint8Array(Uint32Array.of(i * 7).buffer));
  return map;
}

const TEXT = "0: 0\n1: 7\n2: 14\n";

test("an iterator over a map's elements is pinned, as bpftool pins it, and read", (t) => {
  if (!needs(t, "iter:bpf_map_elem")) return;
  const map = withMap(t);
  const directory = withBpffs(t);
  const [ours, theirs] = [join(directory, "ours"), join(directory, "theirs")];
  assert.deepEqual(bpfts("iter", "pin", ELEMENTS, ours, "map", "id", String(map.id)), {
    stdout: "",
    stderr: "",
    code: 0,
  });
  assert.equal(readFileSync(ours, "utf8"), TEXT);
  // Each reading is a run of its own.
  assert.equal(readFileSync(ours, "utf8"), TEXT);
  assert.equal(bpfts("iter", "read", "pinned", ours).stdout, TEXT);
  assert.deepEqual(JSON.parse(bpfts("-j", "iter", "read", "pinned", ours).stdout), TEXT);
  if (!needs(t, "tool:bpftool")) return;
  assert.equal(bpftool("iter", "pin", ELEMENTS, theirs, "map", "id", String(map.id)).stdout, "");
  assert.equal(readFileSync(theirs, "utf8"), readFileSync(ours, "utf8"));
});

test("an iterator over a map's elements without a map ends with the kernel's errno, as bpftool does", (t) => {
  if (!needs(t, "iter:bpf_map_elem")) return;
  const line = ["iter", "pin", ELEMENTS, join(withBpffs(t), "new")];
  const { stdout, stderr, code } = bpfts(...line);
  // 256 - EBADF
  assert.deepEqual([stdout, code], ["", 247]);
  assert.match(stderr, /^Error: attach_iter failed for program print_elements: .*give this map in the option 'map'$/m);
  if (!needs(t, "tool:bpftool")) return;
  assert.equal(bpftool(...line).code, 247);
});

test("an iterator over a map's elements is read from its object file without a pin", (t) => {
  if (!needs(t, "iter:bpf_map_elem")) return;
  const map = withMap(t);
  assert.equal(bpfts("iter", "read", ELEMENTS, "map", "id", String(map.id)).stdout, TEXT);
});

test("an iterator over tasks is pinned and read; -j says null after a pin", (t) => {
  const directory = withBpffs(t);
  assert.deepEqual(bpfts("-j", "iter", "pin", TASKS, join(directory, "tasks")), {
    stdout: "null\n",
    stderr: "",
    code: 0,
  });
  // Two u32, the process and the thread: this process is among them.
  const records = readFileSync(join(directory, "tasks"));
  assert.equal(records.length % 8, 0);
  const own = Array.from({ length: records.length / 8 }, (_, i) => records.readUInt32LE(8 * i));
  assert.ok(own.includes(kernelPid()));
});

/** Runs each line, in text and in JSON, and checks its one sentence. */
function assertMistakes(lines: readonly (readonly [string[], RegExp])[]): void {
  for (const [line, message] of lines) {
    const { stdout, stderr, code } = bpfts(...line);
    assert.match(stderr, message, line.join(" "));
    assert.equal(stderr.split("\n").length, 2, stderr);
    assert.equal(stdout, "");
    assert.notEqual(code, 0);
    assert.match((JSON.parse(bpfts("-j", ...line).stdout) as { error: string }).error, message);
  }
}

test("mistakes are one sentence, and nothing is pinned", (t) => {
  const path = join(withBpffs(t), "x");
  assertMistakes([
    [["iter", "pin", ELEMENTS], /needs at least 2 arguments, 1 found/],
    [["iter", "pin", "/nonexistent", path], /can't load objfile \/nonexistent: .*\/nonexistent/],
    [["iter", "pin", "test/bpf/counter.bpf.o", path], /attach_iter failed for program ingress: .*/],
    [["iter", "pin", ELEMENTS, path, "map"], /'map' needs at least 2 arguments, 0 found/],
    [["iter", "pin", ELEMENTS, path, "map", "id", "4294967295"], /get map by id \(4294967295\): No such file/],
    [["iter", "pin", ELEMENTS, path, "nonsense"], /expected no more arguments, got: 'nonsense'/],
    [["iter", "read", "pinned", path], /nothing is pinned at/],
  ]);
});

test("mistakes with an iterator over a map's elements are one sentence, and nothing is pinned", (t) => {
  if (!needs(t, "iter:bpf_map_elem")) return;
  const map = withMap(t);
  const path = join(withBpffs(t), "x");
  assertMistakes([
    [
      ["iter", "pin", ELEMENTS, path],
      /attach_iter failed for program print_elements: .*give this map in the option 'map'$/m,
    ],
    [["iter", "pin", ELEMENTS, "/tmp/x", "map", "id", String(map.id)], /is not in a BPF file system/],
  ]);
});
