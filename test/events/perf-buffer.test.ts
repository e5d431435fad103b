import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { UsageError } from "../../src/errors/index.ts";
import { openPerfBuffer, records } from "../../src/events/index.ts";
import { type BpfObject, loadObject } from "../../src/load/index.ts";
import type { BpfMap } from "../../src/map/index.ts";
import { onlineCpus, type TestRunOptions } from "../../src/sys/index.ts";
import { BpfTestRunFlag } from "../../src/uapi/index.ts";
import { lacking } from "../support/feature.ts";

// The object has a user ring buffer besides.
const skip = lacking("map:user_ringbuf");
const fds = (): number => readdirSync("/proc/self/fd").length;

function load(t: TestContext): {
  object: BpfObject;
  map: BpfMap;
  emit: (count: number, options?: TestRunOptions) => number;
} {
  const object = loadObject("test/bpf/maps-rings.bpf.o");
  t.after(() => object.close());
  const program = object.programs.emit_perf;
  const map = object.maps.perf_events;
  assert.ok(program !== undefined && map !== undefined);
  return {
    object,
    map,
    emit: (count, options = {}) => {
      let refused = 0;
      for (let i = 0; i < count; i++)
        refused += program.run({ ...options, ctxIn: new Uint8Array(16) }).retval === 0 ? 0 : 1;
      return refused;
    },
  };
}

test("records of all CPUs are read where they lie", { skip }, (t) => {
  const { map, emit } = load(t);
  const before = fds();
  const found: bigint[] = [];
  const cpus = new Set<number>();
  const reader = openPerfBuffer(map, (view, offset, length, cpu) => {
    // The record of 32 bytes is followed by what makes it and its length a multiple of 8.
    assert.ok(length >= 32 && length < 40);
    assert.equal(view.getUint32(offset + 8, true), cpu);
    cpus.add(cpu);
    found.push(view.getBigUint64(offset, true));
  });
  emit(500);
  assert.equal(reader.consume(), 500);
  assert.deepEqual(
    found.sort((a, b) => Number(a - b)),
    Array.from({ length: 500 }, (_, i) => BigInt(i)),
  );
  assert.ok([...cpus].every((cpu) => onlineCpus().includes(cpu)));
  assert.equal(reader.lost, 0);
  reader.close();
  assert.equal(fds(), before);
  // The map holds no event any more: the program is told.
  emit(1);
});

test("a record that wraps around the end of a ring comes in one piece", { skip }, (t) => {
  const { map, emit } = load(t);
  let next = 0n;
  const perCpu = new Map<number, bigint>();
  using reader = openPerfBuffer(
    map,
    (view, offset, _, cpu) => {
      const number = view.getBigUint64(offset, true);
      assert.ok(number > (perCpu.get(cpu) ?? -1n));
      assert.equal(view.getUint32(offset + 16, true), 0x65702061, "the text begins with `a pe`");
      perCpu.set(cpu, number);
      next++;
    },
    { pages: 1 },
  );
  for (let round = 0; round < 40; round++) {
    emit(50);
    reader.consume();
  }
  assert.equal(next, 2000n);
  assert.equal(reader.lost, 0);
});

test("what finds no room is counted by the kernel, and told", { skip }, (t) => {
  const { map, emit } = load(t);
  const told: number[] = [];
  let got = 0;
  using reader = openPerfBuffer(map, () => got++, { pages: 1, onLost: (count) => told.push(count) });
  emit(400);
  reader.consume();
  // That some were lost is said with the next record that fits, on each CPU that the process came by.
  const cpus = onlineCpus();
  for (const cpu of cpus) emit(8, { cpu, flags: BpfTestRunFlag.BPF_F_TEST_RUN_ON_CPU });
  reader.consume();
  assert.ok(reader.lost > 0);
  assert.equal(
    told.reduce((sum, count) => sum + count, 0),
    reader.lost,
  );
  assert.equal(got + reader.lost, 400 + cpus.length * 8);
});

test("overwritable rings keep the newest, and give them newest first", { skip }, (t) => {
  const { map, emit } = load(t);
  const perCpu = new Map<number, bigint[]>();
  using reader = openPerfBuffer(
    map,
    (view, offset, _, cpu) => {
      const numbers = perCpu.get(cpu) ?? [];
      perCpu.set(cpu, numbers);
      numbers.push(view.getBigUint64(offset, true));
    },
    { pages: 1, overwritable: true },
  );
  // On one CPU: a ring with few records, of a CPU that the process left early, would still have the oldest.
  const [cpu] = onlineCpus();
  emit(400, { cpu, flags: BpfTestRunFlag.BPF_F_TEST_RUN_ON_CPU });
  reader.consume();
  const all = [...perCpu.values()].flat();
  assert.ok(all.length > 50 && all.length < 400);
  assert.ok(all.includes(399n) && !all.includes(0n));
  for (const numbers of perCpu.values()) {
    assert.deepEqual(
      numbers,
      [...numbers].sort((a, b) => Number(b - a)),
    );
  }
  assert.equal(reader.consume(), 0);
  emit(3);
  assert.equal(reader.consume(), 3);
});

test("with a watermark the reader is woken by bytes, not by each record", { skip }, async (t) => {
  const { map, emit } = load(t);
  let got = 0;
  const reader = openPerfBuffer(map, () => got++, { cpus: onlineCpus(), watermark: 2048 }).listen();
  t.after(() => reader.close());
  // It looks once by itself when the event loop has begun to wait.
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
  emit(4);
  await new Promise((resolve) => setTimeout(resolve, 30));
  assert.equal(got, 0);
  const refused = emit(200);
  while (got === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.ok(got > 4, `${got} records; ${refused} were refused`);
});

test("records that came before the event loop began to wait are read", { skip }, async (t) => {
  const { map, emit } = load(t);
  let got = 0;
  const reader = openPerfBuffer(map, () => got++).listen();
  t.after(() => reader.close());
  emit(3);
  while (got === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(got, 3);
});

test("as an async iterable, decoded", { skip }, async (t) => {
  const { object, map, emit } = load(t);
  const btf = object.spec.btf;
  assert.ok(btf !== undefined);
  setTimeout(() => emit(3), 10);
  const texts: string[] = [];
  for await (const { text } of records<{ text: string }>(map, { as: { btf, type: "struct event" } })) {
    if (texts.push(text) === 3) break;
  }
  assert.deepEqual(texts, ["a perf event", "a perf event", "a perf event"]);
});

test("mistakes leave nothing open", { skip }, (t) => {
  const { object, map } = load(t);
  const before = fds();
  const cases: [() => unknown, RegExp][] = [
    [() => openPerfBuffer(object.maps.events as BpfMap, () => {}), /is of type ringbuf, not perf_event_array/],
    [() => openPerfBuffer(map, () => {}, { pages: 3 }), /power of two/],
    [() => openPerfBuffer(map, () => {}, { wakeupEvents: 2, watermark: 64 }), /not both/],
    [
      () => openPerfBuffer(map, () => {}, { cpus: [0, 1], index: 0 }),
      /the option 'index' needs exactly one CPU, but 2 CPUs/,
    ],
    [() => openPerfBuffer(map, () => {}, { cpus: [65_000] }), /no element for any/],
  ];
  for (const [open, message] of cases) {
    assert.throws(open, (error) => error instanceof UsageError && message.test(error.message));
  }
  assert.equal(fds(), before);
});
