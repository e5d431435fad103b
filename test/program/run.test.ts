import assert from "node:assert/strict";
import { test } from "node:test";
import { type BpfObject, loadObject } from "../../src/load/index.ts";
import { enableStats } from "../../src/program/index.ts";
import { lacking } from "../support/feature.ts";

/** On 5.10 without the program that only later kernels run. */
function load(): BpfObject {
  return loadObject("test/bpf/run.bpf.o", lacking("prog:syscall") === false ? {} : { programs: ["length"] });
}

test("a program is measured over many runs", () => {
  using object = load();
  const measured = object.programs.length?.benchmark({ repeat: 1000, dataIn: new Uint8Array(77) });
  assert.equal(measured?.retval, 77);
  assert.equal(measured?.repeat, 1000);
  assert.ok(measured.duration < 1e6);
  // A million runs of a packet of 64 bytes, where nothing else is said.
  assert.equal(object.programs.length?.benchmark().retval, 64);
  if (lacking("prog:syscall") !== false) return;
  const add = object.programs.add;
  assert.throws(() => add?.benchmark(), { errnoName: "EINVAL" });
});

test("runs are counted while that is wanted", () => {
  using object = load();
  const { length } = object.programs;
  const input = { dataIn: new Uint8Array(64), repeat: 10 };
  const before = length?.stats();
  {
    using _ = enableStats();
    length?.run(input);
  }
  const counted = length?.stats();
  assert.equal((counted?.runCnt ?? 0n) - (before?.runCnt ?? 0n), 10n);
  assert.ok((counted?.runTimeNs ?? 0n) > 0n);
  // Absent before 5.12.
  assert.equal(counted?.recursionMisses ?? 0n, 0n);
});
