// Worker threads that use rings, and everything that ends while somebody waits.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { ClosedError, UsageError } from "../../src/errors/index.ts";
import { openRingBuffer, records, traceLog, UserRingBuffer } from "../../src/events/index.ts";
import { loadObject } from "../../src/load/index.ts";
import { createMap, watchMap } from "../../src/map/index.ts";
import { needs } from "../support/feature.ts";

const within = <T>(promise: Promise<T>, what: string): Promise<T> =>
  Promise.race([
    promise,
    pause(2000, undefined, { ref: false }).then(() => {
      throw new Error(`${what} did not end`);
    }),
  ]);

test("workers that end in every way, terminated ones included, leave the process alive, no fd and no mapping", () => {
  const run = spawnSync(process.execPath, ["--expose-gc", "scripts/soak.mjs", "6", "workers"], { encoding: "utf8" });
  assert.equal(run.signal, null, run.stdout + run.stderr);
  assert.equal(run.status, 0, run.stdout + run.stderr);
});

test("a worker waits for records", async () => {
  const script = `
    import { parentPort, workerData } from "node:worker_threads";
    const { loadObject, records } = await import(workerData);
    const object = loadObject("test/bpf/events.bpf.o");
    object.variables.amount.value = 3;
    setTimeout(() => object.programs.emit.run({ dataIn: new Uint8Array(64) }), 30);
    let count = 0;
    for await (const _ of records(object.maps.stream)) if (++count === 3) break;
    object.close();
    parentPort.postMessage(count);`;
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(script)}`), {
    workerData: import.meta.resolve("bpfts"),
  });
  const count = new Promise((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
  });
  assert.equal(await within(count, "the worker"), 3);
  await worker.terminate();
});

test("closing the object ends a loop that waits on its ring, and a reader that listens", async () => {
  const object = loadObject("test/bpf/events.bpf.o");
  const stream = object.maps.stream as NonNullable<(typeof object.maps)[string]>;
  const before = readdirSync("/proc/self/fd").length;
  const all = stream.records();
  const next = all[Symbol.asyncIterator]().next();
  await pause(10);
  object.close();
  assert.deepEqual(await within(next, "next()"), { done: true, value: undefined });
  const other = loadObject("test/bpf/events.bpf.o");
  const reader = openRingBuffer(other.maps.stream as typeof stream, () => {}).listen();
  other.close();
  assert.equal(reader.consume(), 0);
  assert.ok(readdirSync("/proc/self/fd").length < before);
});

test("return() ends a pending next() at once: records, batches, the trace log, changes of a map", async (t) => {
  const ring = createMap({ type: "ringbuf", maxEntries: 4096 });
  t.after(() => ring.close());
  const hash = createMap({ type: "hash", key: "u32", value: "u32", maxEntries: 4 });
  t.after(() => hash.close());
  for (const [what, iterator] of [
    ["records()", records(ring)[Symbol.asyncIterator]()],
    ["batches()", records(ring).batches()],
    ["traceLog()", traceLog()],
    ["watchMap()", watchMap(hash, { interval: 100_000 })],
  ] as const) {
    const next = iterator.next();
    await pause(10);
    const returned = iterator.return();
    assert.equal((await within(next, `next() of ${what}`)).done, true, what);
    assert.equal((await within(returned, `return() of ${what}`)).done, true, what);
  }
});

test("a writer that waits for room ends with its ring", async (t) => {
  if (!needs(t, "map:user_ringbuf")) return;
  const map = createMap({ type: "user_ringbuf", maxEntries: 4096 });
  const ring = new UserRingBuffer(map);
  while (ring.write(new Uint8Array(500)));
  const written = ring.writeWhenRoom(new Uint8Array(500));
  map.close();
  await assert.rejects(within(written, "writeWhenRoom()"), ClosedError);
});

test("one AbortSignal serves many streams and watches without a warning, and ends all of them", async (t) => {
  const warnings: string[] = [];
  const onWarning = ({ name }: Error) => warnings.push(name);
  process.on("warning", onWarning);
  t.after(() => process.off("warning", onWarning));
  const abort = new AbortController();
  const { signal } = abort;
  const map = createMap({ type: "ringbuf", maxEntries: 4096 });
  t.after(() => map.close());
  const hash = createMap({ type: "hash", key: "u32", value: "u32", maxEntries: 4 });
  t.after(() => hash.close());
  const all = Array.from({ length: 20 }, () => records(map, { signal })[Symbol.asyncIterator]().next());
  const watches = Array.from({ length: 20 }, () => watchMap(hash, { interval: 100_000, signal }).next());
  await pause(20);
  abort.abort();
  for (const next of [...all, ...watches]) assert.equal((await within(next, "next()")).done, true);
  assert.deepEqual(warnings, []);
});

test("timers and signals have their turn while a program keeps the ring filled, in each way of reading", async (t) => {
  const object = loadObject("test/bpf/events.bpf.o");
  t.after(() => object.close());
  const { stream } = object.maps;
  const { amount } = object.variables;
  const { emit } = object.programs;
  assert.ok(stream !== undefined && amount !== undefined && emit !== undefined);
  amount.value = 256;
  const fill = (): unknown => emit.run({ dataIn: new Uint8Array(64), repeat: 4 });
  const readers: Record<string, (until: () => boolean) => Promise<void>> = {
    async records(until) {
      let count = 0;
      for await (const _ of records(stream)) {
        if (++count % 512 === 0) fill();
        if (until()) break;
      }
    },
    async batches(until) {
      for await (const _ of records(stream).batches()) {
        fill();
        if (until()) break;
      }
    },
    async listen(until) {
      let count = 0;
      using reader = openRingBuffer(stream, () => {
        if (++count % 512 === 0) fill();
      }).listen();
      while (!until()) await pause(1);
      reader.close();
    },
  };
  for (const [name, read] of Object.entries(readers)) {
    fill();
    let last = performance.now();
    let longest = 0;
    let ticks = 0;
    const timer = setInterval(() => {
      longest = Math.max(longest, performance.now() - last);
      last = performance.now();
      ticks++;
    }, 5);
    const end = performance.now() + 1500;
    await read(() => performance.now() > end);
    clearInterval(timer);
    longest = Math.max(longest, performance.now() - last);
    assert.ok(ticks >= 5 && longest < 700, `${name}: ${ticks} ticks, longest stall ${longest} ms`);
  }
});

test("unknown words for how a stream is read are refused", (t) => {
  const map = createMap({ type: "ringbuf", maxEntries: 4096 });
  t.after(() => map.close());
  assert.throws(() => records(map, { whenSlow: "dorp" as never }), UsageError);
  assert.throws(() => records(map, { whenSlow: "drop", capacity: 0 }), UsageError);
});
