import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { ClosedError, UsageError } from "../../src/errors/index.ts";
import { decoded, openRingBuffer, openRingBuffers, records } from "../../src/events/index.ts";
import { type BpfObject, loadObject, readObject } from "../../src/load/index.ts";
import { BpfMapFlag } from "../../src/uapi/index.ts";
import { lacking, needs } from "../support/feature.ts";

interface StreamEvent {
  readonly number: bigint;
  readonly time: bigint;
  readonly a: bigint;
  readonly d: bigint;
}

const AS_EVENT = (object: BpfObject) => ({
  btf: object.spec.btf as NonNullable<typeof object.spec.btf>,
  type: "event",
});
const fds = (): number => readdirSync("/proc/self/fd").length;

function loadStream(t: TestContext, size = 1 << 20, flags = 0): BpfObject {
  const spec = readObject("test/bpf/events.bpf.o");
  Object.assign(spec.maps.stream as object, { maxEntries: size, flags });
  const object = loadObject(spec);
  t.after(() => object.close());
  return object;
}

/** Writes `count` records, 256 in a run. */
function emit(object: BpfObject, count: number): void {
  const { emit: program } = object.programs;
  const { amount } = object.variables;
  assert.ok(program !== undefined && amount !== undefined);
  const dataIn = new Uint8Array(64);
  amount.value = 256;
  if (count >= 256) program.run({ dataIn, repeat: Math.floor(count / 256) });
  if (count % 256 === 0) return;
  amount.value = count % 256;
  program.run({ dataIn });
}

const stream = (object: BpfObject) => object.maps.stream as NonNullable<(typeof object.maps)[string]>;

test("records are read where they lie, in order, none twice", (t) => {
  const object = loadStream(t);
  const numbers: bigint[] = [];
  using reader = openRingBuffer(stream(object), (view, offset, length, cpu) => {
    assert.equal(length, 64);
    assert.equal(cpu, -1);
    numbers.push(view.getBigUint64(offset, true));
  });
  assert.equal(reader.consume(), 0);
  emit(object, 1000);
  assert.equal(reader.consume(300), 300);
  assert.equal(reader.consume(), 700);
  assert.deepEqual(
    numbers,
    Array.from({ length: 1000 }, (_, i) => BigInt(i)),
  );
});

test("a ring is read around its end many times over", (t) => {
  const object = loadStream(t, 65536);
  let next = 0n;
  using reader = openRingBuffer(stream(object), (view, offset) => {
    assert.equal(view.getBigUint64(offset, true), next++);
  });
  // 72 bytes a record: 910 fit.
  for (let round = 0; round < 50; round++) {
    emit(object, 900);
    assert.equal(reader.consume(), 900);
  }
  assert.equal(next, 45_000n);
  assert.equal(object.variables.lost?.value, 0n);
});

test("a full ring: the program counts what it could not write, and what is there is read whole", (t) => {
  const object = loadStream(t, 4096);
  const numbers: bigint[] = [];
  using reader = openRingBuffer(stream(object), (view, offset) => numbers.push(view.getBigUint64(offset, true)));
  emit(object, 256);
  const got = reader.consume();
  assert.equal(BigInt(got) + (object.variables.lost?.value as bigint), 256n);
  assert.deepEqual(
    numbers,
    Array.from({ length: got }, (_, i) => BigInt(i)),
  );
});

test("discarded records are skipped without a word", (t) => {
  // The object has one of those besides.
  if (!needs(t, "map:user_ringbuf")) return;
  const object = loadObject("test/bpf/maps-rings.bpf.o");
  t.after(() => object.close());
  const { amount, discarded } = object.variables;
  assert.ok(amount !== undefined && discarded !== undefined);
  amount.value = 64;
  object.programs.emit?.run({});
  const numbers: number[] = [];
  using reader = openRingBuffer(object.maps.events as never, (view, offset) => {
    numbers.push(Number(view.getBigUint64(offset, true)));
  });
  assert.equal(reader.consume(), 60);
  assert.equal(discarded.value, 4n);
  assert.ok(numbers.every((number) => number % 16 !== 15));
});

test("an error in the function leaves the ring after its record, and closing in it ends the reading", (t) => {
  const object = loadStream(t);
  let seen = 0;
  using reader = openRingBuffer(stream(object), () => {
    seen++;
    if (seen === 3) throw new Error("no more");
    if (seen === 6) reader.close();
  });
  emit(object, 20);
  assert.throws(() => reader.consume(), /no more/);
  reader.consume();
  assert.equal(seen, 6);
  assert.throws(() => reader.consume(), ClosedError);
  // The next reader begins with the first record that was not handed out.
  const numbers: bigint[] = [];
  using next = openRingBuffer(stream(object), (view, offset) => numbers.push(view.getBigUint64(offset, true)));
  next.consume();
  assert.ok(numbers.length >= 14 && numbers.at(-1) === 19n);
});

test("several rings are read on the event loop until the reader is closed", async (t) => {
  const [one, two] = [loadStream(t), loadStream(t)];
  const counts = [0, 0];
  const before = fds();
  const reader = openRingBuffers([
    { map: stream(one), onRecord: () => counts[0]!++ },
    { map: stream(two), onRecord: () => counts[1]!++ },
  ]).listen();
  emit(one, 500);
  emit(two, 700);
  while (counts[0]! < 500 || counts[1]! < 700) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.deepEqual(counts, [500, 700]);
  reader.close();
  reader.close();
  emit(one, 5);
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.deepEqual(counts, [500, 700]);
  assert.equal(fds(), before);
});

test("wait() blocks the thread until there are records, or until its time is over", (t) => {
  const object = loadStream(t);
  let count = 0;
  using reader = openRingBuffer(stream(object), () => count++);
  assert.equal(reader.wait(5), 0);
  emit(object, 10);
  assert.equal(reader.wait(1000), 10);
  assert.equal(count, 10);
});

test("decoded records as an async iterable, ended by its signal", async (t) => {
  const object = loadStream(t);
  const abort = new AbortController();
  const found: StreamEvent[] = [];
  emit(object, 300);
  setTimeout(() => emit(object, 100), 20);
  for await (const event of records<StreamEvent>(stream(object), { as: AS_EVENT(object), signal: abort.signal })) {
    found.push(event);
    if (found.length === 400) abort.abort();
  }
  assert.equal(found.length, 400);
  for (const [i, { number, a, d, time }] of found.entries()) {
    assert.equal(number, BigInt(i));
    assert.equal(a, number + 1n);
    assert.equal(d, BigInt.asUintN(64, ~number));
    assert.ok(time > 0n);
  }
});

test("an iteration that is left gives the ring back, and records wait in it while nobody asks", async (t) => {
  const object = loadStream(t);
  emit(object, 10);
  const before = fds();
  for await (const event of records(stream(object), { as: AS_EVENT(object) })) {
    assert.equal(event.number, 0n);
    break;
  }
  assert.equal(fds(), before);
});

test("with `drop` the ring is emptied at once: what nobody asks for in time is dropped and counted", async (t) => {
  const object = loadStream(t);
  using all = records(stream(object), { as: AS_EVENT(object), whenSlow: "drop", capacity: 100 });
  emit(object, 1000);
  while (all.dropped < 900) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(all.dropped, 900);
  assert.equal(object.variables.lost?.value, 0n);
  const kept: bigint[] = [];
  for await (const batch of all.batches()) {
    for (const { number } of batch) kept.push(number);
    if (kept.length >= 100) break;
  }
  assert.deepEqual(
    kept,
    Array.from({ length: 100 }, (_, i) => BigInt(i)),
  );
});

test("without a type a record is a copy of its bytes", async (t) => {
  const object = loadStream(t);
  emit(object, 2);
  const found: Uint8Array[] = [];
  for await (const record of records<Uint8Array>(stream(object))) if (found.push(record) === 2) break;
  assert.equal(found[1]?.length, 64);
  assert.equal(found[1]?.[0], 1);
});

test("mistakes are named: another type of map, an unknown type, a record too short for its type, two readers", async (t) => {
  const object = loadStream(t);
  const bss = object.maps[".bss"];
  assert.ok(bss !== undefined);
  assert.throws(() => openRingBuffer(bss, () => {}), UsageError);
  assert.throws(() => records(bss), /only a ringbuf or a perf_event_array has records/);
  const { btf } = AS_EVENT(object);
  assert.throws(() => records(stream(object), { as: { btf, type: "struct nothing" } }), /there is no type/);
  assert.throws(
    () => records(stream(object), { as: { btf: undefined, type: "struct event" } }),
    /the object has no BTF/,
  );
  const before = fds();
  assert.throws(
    () =>
      openRingBuffers([
        { map: stream(object), onRecord: () => {} },
        { map: bss, onRecord: () => {} },
      ]),
    UsageError,
  );
  assert.equal(fds(), before);
  using twice = records(stream(object));
  emit(object, 1);
  const first = twice.batches();
  await first.next();
  await assert.rejects(
    () => twice.batches().next(),
    /another iteration already reads these records, and a ring can have only one reader$/,
  );
  await first.return();
});

test("a closed reader's memory stays readable, and is not the kernel's any more", (t) => {
  const object = loadStream(t);
  let kept: DataView | undefined;
  const mapped = (): number => readFileSync("/proc/self/maps", "utf8").split("bpf-map").length;
  emit(object, 1);
  const before = mapped();
  const reader = openRingBuffer(stream(object), (view) => {
    kept = view;
  });
  reader.consume();
  assert.ok(mapped() > before);
  reader.close();
  assert.equal(kept?.getUint8(0), 0);
  assert.equal(mapped(), before);
});

test("decoded records by a function", (t) => {
  const object = loadStream(t);
  const sums: bigint[] = [];
  using reader = openRingBuffer(
    stream(object),
    decoded<StreamEvent>(AS_EVENT(object), ({ number, a }) => sums.push(number + a)),
  );
  emit(object, 3);
  reader.consume();
  assert.deepEqual(sums, [1n, 3n, 5n]);
});

test("of a ring that overwrites the oldest records the newest are read, whole and in order", {
  skip: lacking("map:ringbuf_overwrite"),
}, async (t) => {
  // 56 records of 72 bytes, 64 bytes short of one more.
  const object = loadStream(t, 4096, BpfMapFlag.BPF_F_RB_OVERWRITE);
  const numbers: bigint[] = [];
  using reader = openRingBuffer(stream(object), (view, offset, length, cpu) => {
    assert.deepEqual([length, cpu], [64, -1]);
    const number = view.getBigUint64(offset, true);
    assert.equal(view.getBigUint64(offset + 56, true), BigInt.asUintN(64, ~number));
    numbers.push(number);
  });
  const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => BigInt(from + i));
  assert.equal(reader.consume(), 0);
  emit(object, 10);
  assert.equal(reader.consume(3), 3);
  assert.equal(reader.consume(), 7);
  assert.deepEqual(numbers.splice(0), range(0, 10));
  emit(object, 1000);
  assert.equal(object.variables.lost?.value, 0n);
  assert.equal(reader.consume(), 56);
  assert.deepEqual(numbers.splice(0), range(954, 1010));
  assert.equal(reader.consume(), 0);

  reader.close();
  const abort = new AbortController();
  const seen: bigint[] = [];
  setTimeout(() => emit(object, 300), 20);
  for await (const event of records<StreamEvent>(stream(object), { as: AS_EVENT(object), signal: abort.signal })) {
    seen.push(event.number);
    if (event.number === 1309n) abort.abort();
  }
  assert.deepEqual(seen.slice(-56), range(1254, 1310));
});
