import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { readObject, verifyPrograms } from "../../../src/load/index.ts";
import { hotSpots } from "../../../src/load/verify/hot-spots.ts";
import { readStatistics } from "../../../src/load/verify/statistics.ts";

test("each program of an object has its verdict, its statistics and its hot lines", () => {
  const object = readObject("test/bpf/counter.bpf.o");
  const found = verifyPrograms(object, { hot: true });
  assert.deepEqual(
    found.map(({ program, verdict }) => [program.name, verdict]),
    [
      ["ingress", "accepted"],
      ["egress", "accepted"],
      ["forked", "accepted"],
    ],
  );
  for (const { statistics, hot, program } of found) {
    assert.ok(statistics !== undefined && hot !== undefined);
    assert.equal(statistics.limit, 1_000_000);
    assert.ok(statistics.instructions >= program.instructions.length / 16);
    assert.ok(hot.counted > 0 && hot.counted <= statistics.instructions);
    const sum = (spots: typeof hot.lines): number => spots.reduce((total, one) => total + one.instructions, 0);
    assert.equal(sum(hot.lines), hot.counted);
    assert.equal(sum(hot.functions), hot.counted);
    assert.match(hot.lines[0]?.place ?? "", /^counter\.bpf\.c:\d+$/);
  }
});

test("a refused program has its diagnosis, and one that the kernel lacks something for is not verified", () => {
  const [refused] = verifyPrograms(readObject("test/bpf/verifier-null.bpf.o"));
  assert.deepEqual([refused?.verdict, refused?.error?.diagnosis?.code], ["refused", "BPF-E0102"]);
  assert.equal(refused?.error?.diagnosis?.where?.instruction, 7);
  assert.equal(refused?.statistics?.instructions, 7);
  const [lacking] = verifyPrograms(readObject("test/bpf/kfuncs-missing.bpf.o"));
  assert.deepEqual([lacking?.verdict, lacking?.statistics], ["not verified", undefined]);
  assert.equal(lacking?.error?.diagnosis?.name, "kernel-symbol-missing");
});

test("maps that would be pinned are not, and maps without max_entries have one element", () => {
  const object = readObject("test/bpf/maps-pinned.bpf.o");
  verifyPrograms(object);
  for (const map of Object.values(object.maps)) assert.equal(map.pinning, "none");
  assert.ok(!readdirSync("/sys/fs/bpf").includes("pinned_by_name"));
});

test("statistics of several kernels", () => {
  const log = [
    "0: R1=ctx() R10=fp0",
    "verification time 96 usec",
    "stack depth 32+64+0",
    "processed 116 insns (limit 1000000) max_states_per_insn 2 total_states 9 peak_states 8 mark_read 3",
    "",
  ].join("\n");
  assert.deepEqual(readStatistics(log), {
    instructions: 116,
    limit: 1_000_000,
    totalStates: 9,
    peakStates: 8,
    maxStatesPerInstruction: 2,
    markRead: 3,
    time: 96,
    stack: [32, 64, 0],
  });
  assert.equal(readStatistics("unreachable insn 2\n"), undefined);
});

test("a visit is a line that begins with the slot and the opcode", () => {
  const object = readObject("test/bpf/minimal.bpf.o");
  const [program] = Object.values(object.programs);
  assert.ok(program !== undefined);
  const log =
    "0: (b7) r0 = 2\n; 1: (95) not\nfrom 0 to 1: safe\n1: R0=2\n1: (95) exit\n999999: (95) exit\n1: (95) exit";
  assert.equal(hotSpots(log, program, object).counted, 3);
});
