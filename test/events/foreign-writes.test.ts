// Memory that is written by those who should not: the caller's own function, and other holders of a ring.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { type TestContext, test } from "node:test";
import { openRingBuffer, UserRingBuffer } from "../../src/events/index.ts";
import { type BpfObject, loadObject, readObject } from "../../src/load/index.ts";
import { type BpfMap, createMap } from "../../src/map/index.ts";
import { mapMemory, pageSize } from "../../src/sys/index.ts";
import { BpfMapFlag } from "../../src/uapi/index.ts";
import { lacking } from "../support/feature.ts";

/** Runs a module in a process of its own, which a write to read-only memory would end. */
function runAlone(body: string): void {
  const script = `import { createMap, kernelBtf, loadObject, openPerfBuffer, openRingBuffer, readObject } from "bpfts";
    const write = (buffer) => { new Uint8Array(buffer).fill(1); buffer.transfer?.(); };
    ${body}
    globalThis.gc();
    setTimeout(() => { globalThis.gc(); console.log("alive"); }, 20);`;
  const run = spawnSync(process.execPath, ["--expose-gc", "--input-type=module", "--eval", script], {
    encoding: "utf8",
  });
  assert.equal(run.stdout, "alive\n", run.stderr);
}

test("a function may overwrite and transfer all of the buffer that holds its record", {
  skip: lacking("map:user_ringbuf"),
}, () => {
  runAlone(`
    const object = loadObject("test/bpf/maps-rings.bpf.o");
    for (const overwritable of [false, true]) {
      let count = 0;
      const reader = openPerfBuffer(object.maps.perf_events, (view) => { count++; try { write(view.buffer); } catch (e) { if (!(e instanceof TypeError)) throw e; } }, { pages: 1, overwritable });
      for (let round = 0; round < 3; round++) {
        for (let i = 0; i < 5; i++) object.programs.emit_perf.run({ ctxIn: new Uint8Array(16) });
        reader.consume();
      }
      if (count === 0) throw new Error("no record");
      reader.close();
    }
    object.close();`);
});

for (const flags of [0, BpfMapFlag.BPF_F_RB_OVERWRITE]) {
  const skip = flags === 0 ? false : lacking("map:ringbuf_overwrite");
  test(`the copies of a ring's records may be overwritten and transferred (flags ${flags})`, { skip }, () => {
    runAlone(`
      const spec = readObject("test/bpf/events.bpf.o");
      Object.assign(spec.maps.stream, { maxEntries: 4096, flags: ${flags} });
      const object = loadObject(spec);
      object.variables.amount.value = 5;
      let count = 0;
      const reader = openRingBuffer(object.maps.stream, (view) => {
        count++;
        new Uint8Array(view.buffer).fill(255);
        structuredClone(view.buffer, { transfer: [view.buffer] });
      });
      for (let round = 0; round < 3; round++) {
        const before = count;
        object.programs.emit.run({ dataIn: new Uint8Array(64) });
        try { reader.consume(); } catch (error) { if (!(error instanceof TypeError)) throw error; }
        if (count === before) throw new Error("no record in round " + round);
      }
      reader.close();
      object.close();`);
  });
}

function loadStream(t: TestContext, flags = 0): BpfObject {
  const spec = readObject("test/bpf/events.bpf.o");
  Object.assign(spec.maps.stream as object, { maxEntries: 4096, flags });
  const object = loadObject(spec);
  t.after(() => object.close());
  return object;
}

function emit(object: BpfObject, count: number): void {
  object.variable("amount").value = count;
  object.program("emit").run({ dataIn: new Uint8Array(64) });
}

/** Stores a position on a page of a ring, as another process that holds the map could. */
function storePosition(map: BpfMap, position: bigint, offset = 0): void {
  using memory = mapMemory(map.fd, { length: pageSize(), offset, writable: true });
  Atomics.store(new BigInt64Array(memory.buffer, 0, 1), 0, position);
}

const WRONG = [-8n, -(2n ** 63n), 3n, 2n ** 40n, 2n ** 62n];

for (const flags of [0, BpfMapFlag.BPF_F_RB_OVERWRITE]) {
  const skip = flags === 0 ? false : lacking("map:ringbuf_overwrite");
  test(`a reader goes on where another holder stored a wrong position (flags ${flags})`, { skip }, (t) => {
    const object = loadStream(t, flags);
    const map = object.map("stream");
    for (const wrong of WRONG) {
      storePosition(map, wrong);
      let count = 0;
      using reader = openRingBuffer(map, () => count++);
      reader.consume();
      count = 0;
      emit(object, 10);
      reader.consume();
      assert.equal(count, 10, `opened at ${wrong}`);
      storePosition(map, wrong);
      reader.consume();
      emit(object, 10);
      reader.consume();
      assert.equal(count, 20, `${wrong} stored while the reader was open`);
    }
  });
}

test("a writer goes on where another holder stored a wrong position", { skip: lacking("map:user_ringbuf") }, (t) => {
  const map = createMap({ type: "user_ringbuf", maxEntries: 4096 });
  t.after(() => map.close());
  for (const wrong of WRONG) {
    storePosition(map, wrong, pageSize());
    using ring = new UserRingBuffer(map);
    assert.equal(ring.available, 4096, String(wrong));
    assert.equal(ring.write(new Uint8Array(8)), true, String(wrong));
  }
});
