import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { links } from "../../../src/link/index.ts";
import { loadObject } from "../../../src/load/index.ts";
import { profileProgram } from "../../../src/profile/index.ts";
import { programs } from "../../../src/program/index.ts";
import { needs } from "../../support/feature.ts";
import { bpfts, COMMAND } from "../run.ts";

const SOFTWARE = ["task_clock", "page_faults", "context_switches"] as const;
const input = { dataIn: new Uint8Array(64) };

test("runs of a program are measured, and of one of its functions", (t) => {
  if (!needs(t, "attach:fentry")) return;
  using object = loadObject("test/bpf/counter.bpf.o");
  const { egress } = object.programs;
  assert.ok(egress);
  for (const subprogram of [undefined, "count"]) {
    using profile = profileProgram(egress, { metrics: SOFTWARE, subprogram });
    assert.equal(profile.read().runCnt, 0n);
    egress.run({ ...input, repeat: 10 });
    const { runCnt, metrics } = profile.read();
    assert.equal(runCnt, 10n, subprogram);
    assert.deepEqual(
      metrics.map(({ metric }) => metric),
      SOFTWARE,
    );
    assert.ok((metrics[0]?.value ?? 0n) > 0n);
    assert.equal(metrics[0]?.enabled, metrics[0]?.running);
  }
  // Nothing stays behind that would measure on.
  egress.run(input);
  assert.throws(() => profileProgram(egress, { metrics: ["task_clock"], subprogram: "nosuch" }), {
    code: "USAGE",
    message: /has no function nosuch; it has egress, count/,
  });
});

/** Whether the program that reads the counters at the entry is attached: the last step before it measures. */
function measures(): boolean {
  const ids = new Set<number>();
  for (const link of links()) {
    const info = link.info();
    if (info.kind === "tracing") ids.add(info.progId);
  }
  for (const { id, name } of programs()) if (name === "fentry" && ids.has(id)) return true;
  return false;
}

test("prog profile prints as bpftool does, after its time or on Ctrl-C", async (t) => {
  if (!needs(t, "attach:fentry")) return;
  using object = loadObject("test/bpf/counter.bpf.o");
  const id = `${object.programs.egress?.id}`;
  const timed = bpfts("prog", "profile", "id", id, "duration", "1", "page_faults", "task_clock");
  assert.match(timed.stdout, /^\n {17}0 run_cnt {13}\n {17}0 task_clock {51}\n {17}0 page_faults {50}\n$/);
  assert.equal(timed.code, 0);
  const child = spawn(process.execPath, [COMMAND, "-j", "prog", "profile", "id", id, "func", "count", "task"]);
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (piece: string) => {
    output += piece;
  });
  for (let waits = 0; !measures(); waits++) {
    assert.ok(waits < 600, "it begins to measure");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  for (let ran = 0; ran < 20; ran++) object.programs.egress?.run(input);
  child.kill("SIGINT");
  assert.deepEqual(await once(child, "close"), [0, null]);
  const [reading] = JSON.parse(output);
  assert.deepEqual(Object.keys(reading), ["metric", "run_cnt", "value", "enabled", "running"]);
  assert.ok(reading.run_cnt === 20 && reading.value > 0);
});

test("a counter that the machine lacks is named, and what can be used instead", (t) => {
  if (!needs(t, "attach:fentry")) return;
  using object = loadObject("test/bpf/counter.bpf.o");
  const { stderr, code } = bpfts("prog", "profile", "id", `${object.programs.egress?.id}`, "duration", "1", "cycles");
  // A machine that has it measures.
  if (code === 0) return;
  assert.match(stderr, /^Error: .*the counter of cycles on CPU 0: .*task_clock, page_faults and context_switches/);
});

test("prog profile says what is wrong with its words", () => {
  using object = loadObject("test/bpf/counter.bpf.o");
  const id = `${object.programs.egress?.id}`;
  for (const [words, message, code] of [
    [["id", id], /^Error: 'profile' needs at least 3 arguments, 2 found\n$/, 234],
    [["id", id, "nonsense"], /^Error: unknown metric nonsense: use one of cycles, instructions, /, 255],
    [["id", id, "duration", "x", "cycles"], /^Error: can't parse x as duration\n$/, 255],
    [["id", id, "cy", "in", "l1", "llc", "it"], /^Error: too many \(5\) metrics: no more than 4 /, 255],
  ] as const) {
    const ran = bpfts("prog", "profile", ...words);
    assert.match(ran.stderr, message);
    assert.equal(ran.code, code);
  }
});
