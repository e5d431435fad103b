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
import { rounds } from "../support/emulation.ts";
import { needs } from "../support/feature.ts";

/** Milliseconds of a poll that does not come within a test: almost the longest time that a timer takes. */
const NEVER = 2_000_000_000;
/** Far more records than any machine hands out in one turn of the event loop, which takes 10 ms. */
const TOO_MANY = 2_000_000;

test("workers that end in every way, terminated ones included, leave the process alive, no fd and no mapping", () => {
  const run = spawnSync(process.execPath, ["scripts/soak.mjs", "workers", "--rounds", `${rounds(6)}`], {
    encoding: "utf8",
  });
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
  assert.equal(await count, 3);
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
  assert.deepEqual(await next, { done: true, value: undefined });
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
    ["watchMap()", watchMap(hash, { interval: NEVER })],
  ] as const) {
    const next = iterator.next();
    await pause(10);
    const returned = iterator.return();
    const ended = await next;
    // A program of another test may have printed a line meanwhile.
    assert.ok(ended.done === true || what === "traceLog()", what);
    assert.equal((await returned).done, true, what);
  }
});

test("a writer that waits for room ends with its ring", async (t) => {
  if (!needs(t, "map:user_ringbuf")) return;
  const map = createMap({ type: "user_ringbuf", maxEntries: 4096 });
  const ring = new UserRingBuffer(map);
  while (ring.write(new Uint8Array(500)));
  const written = ring.writeWhenRoom(new Uint8Array(500));
  map.close();
  await assert.rejects(written, ClosedError);
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
  const watches = Array.from({ length: 20 }, () => watchMap(hash, { interval: NEVER, signal }).next());
  await pause(20);
  abort.abort();
  for (const next of [...all, ...watches]) assert.equal((await next).done, true);
  assert.deepEqual(warnings, []);
});

test("timers and signals have their turn while a program keeps the ring filled, in each way of reading", async (t) => {
  const object = loadObject("test/bpf/events.bpf.o");
  t.after(() => object.close());
  const stream = object.map("stream");
  const emit = object.program("emit");
  object.variable("amount").value = 256;
  const fill = (): unknown => emit.run({ dataIn: new Uint8Array(64), repeat: 4 });

  /** Records since the last timer. */
  let sinceTimer = 0;
  let mostRecords = 0;
  let timers = 0;
  let signals = 0;
  const onSignal = (): void => {
    signals++;
  };
  process.on("SIGUSR2", onSignal);
  t.after(() => process.off("SIGUSR2", onSignal));
  /** Reading ends after the signal and some timers, or once a turn of the loop is far too long. */
  const isDone = (read: number): boolean => {
    sinceTimer += read;
    mostRecords = Math.max(mostRecords, sinceTimer);
    return (timers >= 20 && signals > 0) || sinceTimer > TOO_MANY;
  };
  const readers: Record<string, () => Promise<void>> = {
    async records() {
      let count = 0;
      for await (const _ of records(stream)) {
        if (++count % 512 === 0) fill();
        if (isDone(1)) break;
      }
    },
    async batches() {
      for await (const batch of records(stream).batches()) {
        fill();
        if (isDone(batch.length)) break;
      }
    },
    async listen() {
      let count = 0;
      await new Promise<void>((resolve) => {
        const reader = openRingBuffer(stream, () => {
          if (++count % 512 === 0) fill();
          if (!isDone(1)) return;
          reader.close();
          resolve();
        }).listen();
      });
    },
  };
  for (const [name, read] of Object.entries(readers)) {
    fill();
    sinceTimer = 0;
    mostRecords = 0;
    timers = 0;
    signals = 0;
    const timer = setInterval(() => {
      sinceTimer = 0;
      timers++;
    }, 1);
    process.kill(process.pid, "SIGUSR2");
    await read();
    clearInterval(timer);
    assert.ok(mostRecords <= TOO_MANY, `${name}: no timer in ${mostRecords} records`);
    assert.ok(timers >= 20 && signals === 1, `${name}: ${timers} timers, ${signals} signals`);
  }
});

test("unknown words for how a stream is read are refused", (t) => {
  const map = createMap({ type: "ringbuf", maxEntries: 4096 });
  t.after(() => map.close());
  assert.throws(() => records(map, { whenSlow: "dorp" as never }), UsageError);
  assert.throws(() => records(map, { whenSlow: "drop", capacity: 0 }), UsageError);
});
