import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { ClosedError, UsageError } from "../../src/errors/index.ts";
import { CALL_BUFFER_SIZE } from "../../src/sys/call-buffer.ts";
import { mapCreate, mapLookupElem, mapMemory, mapUpdateElem } from "../../src/sys/index.ts";
import { BpfMapFlag, BpfMapType } from "../../src/uapi/index.ts";
import { owned } from "../support/cleanup.ts";
import { rounds } from "../support/emulation.ts";

const key = new Uint8Array(4);

function mappable(): number {
  return mapCreate({
    map_type: BpfMapType.BPF_MAP_TYPE_ARRAY,
    key_size: 4,
    value_size: 8,
    max_entries: 16,
    map_flags: BpfMapFlag.BPF_F_MMAPABLE,
  });
}

test("a map's values in memory, in both directions", (t) => {
  const fd = owned(t, mappable());
  using memory = mapMemory(fd, { length: 4096, writable: true }, 'map "values"');
  const words = new BigInt64Array(memory.buffer);
  Atomics.store(words, 0, 42n);
  const value = new Uint8Array(8);
  mapLookupElem(fd, key, value);
  assert.equal(new DataView(value.buffer).getBigUint64(0, true), 42n);
  mapUpdateElem(fd, key, new Uint8Array(new BigUint64Array([43n]).buffer));
  assert.equal(Atomics.load(words, 0), 43n);
});

test("a view outlives close(): it sees zeros, and neither crashes nor reaches the map", (t) => {
  const fd = owned(t, mappable());
  const memory = mapMemory(fd, { length: 4096, writable: true }, 'map "values"');
  const stale = new BigInt64Array(memory.buffer);
  stale[0] = 5n;
  memory.close();
  memory.close();
  assert.equal(memory.closed, true);
  assert.equal(stale[0], 0n);
  stale[0] = 6n;
  const value = new Uint8Array(8);
  mapLookupElem(fd, key, value);
  assert.equal(value[0], 5);
  assert.throws(() => memory.buffer, ClosedError);
  assert.throws(() => memory.buffer, { message: 'map "values" is closed' });
});

test("many mappings come and go", async (t) => {
  const fd = owned(t, mappable());
  for (let i = 0; i < rounds(2000); i++) {
    const memory = mapMemory(fd, { length: 4096, writable: true });
    new Uint8Array(memory.buffer)[1] = i & 0xff;
    memory.close();
    if (i % 500 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
});

test("what cannot be mapped", (t) => {
  const fd = owned(
    t,
    mapCreate({ map_type: BpfMapType.BPF_MAP_TYPE_ARRAY, key_size: 4, value_size: 8, max_entries: 1 }),
  );
  assert.throws(() => mapMemory(fd, { length: 4096 }, 'map "plain"'), { message: /^map "plain": mmap: / });
  assert.throws(() => mapMemory(fd, { length: 0 }), UsageError);
  assert.throws(() => mapMemory(fd, { length: -1 }), UsageError);
});

test("every thread has an arena of its own", async (t) => {
  const fd = owned(t, mappable());
  const sys = import.meta.resolve("bpfts/sys");
  const script = `
    import { parentPort, workerData } from "node:worker_threads";
    const { mapLookupElem, mapUpdateElem } = await import(workerData.sys);
    const key = new Uint8Array([workerData.number, 0, 0, 0]);
    const value = new Uint8Array(8);
    let wrong = 0;
    for (let i = 0; i < ${rounds(20_000)}; i++) {
      mapUpdateElem(workerData.fd, key, new Uint8Array(new BigUint64Array([BigInt(i * 16 + workerData.number)]).buffer));
      mapLookupElem(workerData.fd, key, value);
      if (new DataView(value.buffer).getBigUint64(0, true) !== BigInt(i * 16 + workerData.number)) wrong++;
    }
    parentPort.postMessage(wrong);`;
  const url = new URL(`data:text/javascript,${encodeURIComponent(script)}`);
  const results = await Promise.all(
    [1, 2, 3].map(
      (number) =>
        new Promise((resolve, reject) => {
          const worker = new Worker(url, { workerData: { sys, fd, number } });
          worker.once("message", resolve);
          worker.once("error", reject);
        }),
    ),
  );
  assert.deepEqual(results, [0, 0, 0]);
});

test("the memory that a worker has for system calls goes with the worker", async (t) => {
  const fd = owned(t, mappable());
  const sys = import.meta.resolve("bpfts/sys");
  const script = `
    import { workerData } from "node:worker_threads";
    const { mapInfo } = await import(workerData.sys);
    mapInfo(workerData.fd);`;
  const url = new URL(`data:text/javascript,${encodeURIComponent(script)}`);
  const runWorker = (): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const worker = new Worker(url, { workerData: { sys, fd } });
      worker.once("exit", resolve);
      worker.once("error", reject);
    });
  /** Mappings that are as large as the memory for system calls. */
  const count = (): number =>
    [...readFileSync("/proc/self/maps", "utf8").matchAll(/^(\w+)-(\w+) rw-p 00000000 00:00 0/gm)].filter(
      ([, start, end]) => Number(`0x${end}`) - Number(`0x${start}`) === CALL_BUFFER_SIZE,
    ).length;
  await runWorker();
  const before = count();
  for (let i = 0; i < 5; i++) await runWorker();
  assert.ok(count() < before + 5, `${count()} mappings, ${before} before`);
});
