// Values that are read and written in memory shared with the programs, without a system call.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { type TestContext, test } from "node:test";
import { Errno } from "../../src/errors/index.ts";
import { loadObject, readObject } from "../../src/load/index.ts";
import { type BpfMap, createMap, type MapOptions } from "../../src/map/index.ts";
import { progTestRun } from "../../src/sys/index.ts";
import { needs } from "../support/feature.ts";

function make(t: TestContext, options: Partial<MapOptions>): BpfMap {
  const map = createMap({ type: "array", mmapable: true, maxEntries: 600, name: "test_memory", ...options });
  t.after(() => map.close());
  return map;
}

test("an array's memory and its elements are the same", (t) => {
  const map = make(t, { value: { packets: "u64", name: "char[6]" } });
  const memory = map.memory();
  assert.equal(map.memory(), memory);
  memory.set(599, { packets: 7n, name: "seven" });
  assert.deepEqual(map.get(599), { packets: 7n, name: "seven" });
  map.set(3, { packets: 1n, name: "" });
  assert.deepEqual(memory.get(3), { packets: 1n, name: "" });
  assert.throws(() => memory.get(600), /its indexes are 0 to 599$/);
  assert.throws(() => memory.set(0, { packets: -1n }), /packets/);
  assert.throws(() => memory.add(0, 1n), /its values must be integers/);
  assert.equal(memory.length % 4096, 0);
});

for (const [value, wrapped] of [
  ["u8", 255],
  ["s16", -1],
  ["u32", 0xffffffff],
  ["s64", -1n],
  ["u64", 2n ** 64n - 1n],
] as const) {
  test(`counters of ${value}: one step each`, (t) => {
    const memory = make(t, { value }).memory();
    const n = (x: number) => (typeof wrapped === "bigint" ? BigInt(x) : x);
    assert.equal(memory.add(5, 3), n(0));
    assert.equal(memory.get(5), n(3));
    assert.equal(memory.exchange(5, n(9)), n(3));
    assert.equal(memory.compareExchange(5, n(8), n(1)), n(9));
    assert.equal(memory.compareExchange(5, n(9), n(1)), n(9));
    assert.equal(memory.add(5, -2), n(1));
    assert.equal(memory.get(5), wrapped);
    assert.equal(memory.get(4), n(0));
    assert.throws(() => memory.add(5, 0.5), /0.5 is no/);
  });
}

test("without types a value is a copy of its bytes", (t) => {
  const memory = make(t, { valueSize: 12 }).memory();
  memory.set(1, new Uint8Array(12).fill(3));
  const copy = memory.get(1) as Uint8Array;
  assert.deepEqual(copy, new Uint8Array(12).fill(3));
  memory.set(1, new Uint8Array(12));
  assert.equal(copy[0], 3);
  assert.deepEqual(memory.get(0), new Uint8Array(12));
  assert.throws(() => memory.set(0, new Uint8Array(11)), /map test_memory must have 12 bytes, but 11 were given$/);
});

test("frozen memory is for reading; memory that is mapped for writing keeps a map from being frozen", (t) => {
  const frozen = make(t, { value: "u32" });
  frozen.set(1, 5);
  frozen.freeze();
  assert.equal(frozen.isFrozen, true);
  const memory = frozen.memory();
  assert.equal(memory.isWritable, false);
  assert.equal(memory.get(1), 5);
  assert.throws(() => memory.set(1, 6), /read-only/);
  assert.throws(() => memory.add(1, 6), /read-only/);
  assert.throws(() => memory.buffer, /the memory of map test_memory is read-only; read it with copy\(\)$/);
  assert.throws(() => frozen.set(1, 6), /the map is frozen: only BPF programs can still write to it/);
  const open = make(t, { value: "u32" });
  open.memory().set(0, 1);
  assert.throws(() => open.freeze(), { errno: Errno.EBUSY, message: /mapped for writing/ });
  open.memory().close();
  open.freeze();
  assert.equal(open.memory().isWritable, false);
});

test("what cannot be mapped says so", (t) => {
  const options: Partial<MapOptions>[] = [{ mmapable: false }, { type: "hash", mmapable: false, key: "u32" }];
  for (const one of options) {
    assert.throws(
      () => make(t, { value: "u32", ...one }).memory(),
      /cannot be mapped: only arenas and arrays with BPF_F_MMAPABLE can be mapped/,
    );
  }
});

test("after close() every use says so, and no view crashes", () => {
  const script = `
    import { createMap, loadObject } from "bpfts";
    const map = createMap({ type: "array", value: "u64", maxEntries: 5000, mmapable: true });
    const memory = map.memory();
    const view = new BigUint64Array(memory.buffer);
    view[4999] = 5n;
    map.close();
    if (view[4999] !== 0n) throw new Error("the kernel's memory is still seen");
    view.fill(1n);
    Atomics.add(view, 0, 1n);
    for (const use of [() => memory.get(0), () => memory.set(0, 1n), () => memory.add(0, 1n), () => memory.buffer, () => memory.copy()]) {
      try { use(); } catch (error) { if (error.code === "CLOSED") continue; throw error; }
      throw new Error(String(use));
    }
    const object = loadObject("test/bpf/counter.bpf.o");
    object.variables.packets_seen.value;
    object.variables.threshold.value;
    object.close();
    for (const use of [() => object.variables.packets_seen.value, () => object.variables.threshold.value, () => { object.variables.packets_seen.value = 1n; }, () => object.variables.packets_seen.add(1n)]) {
      try { use(); } catch (error) { if (error.code === "CLOSED") continue; throw error; }
      throw new Error(String(use));
    }
    globalThis.gc();
    setTimeout(() => { globalThis.gc(); console.log("whole"); }, 20);
  `;
  const run = spawnSync(process.execPath, ["--expose-gc", "--input-type=module", "--eval", script], {
    encoding: "utf8",
  });
  assert.equal(run.stdout, "whole\n", run.stderr);
});

test("no write to what is handed out ends the process: types of the kernel, variables in a frozen map, transferred memory", (t) => {
  if (!needs(t, "map:arena")) return;
  const script = `
    import { createMap, kernelBtf, loadObject, readObject } from "bpfts";
    const btf = kernelBtf();
    const { header } = btf;
    for (let depth = 0, seen = new Set(), all = [btf]; all.length > 0 && depth < 100; depth++) {
      const one = all.pop();
      if (one === null || typeof one !== "object" || seen.has(one)) continue;
      seen.add(one);
      const names = new Set([...Object.keys(one), ...Object.getOwnPropertyNames(Object.getPrototypeOf(one) ?? {})]);
      for (const name of names) {
        let value;
        try { value = one[name]; } catch { continue; }
        if (ArrayBuffer.isView(value) && value.length > 0) value[0] = 1;
        else all.push(value);
      }
    }
    if (btf.find("task_struct") === undefined) throw new Error("the types were changed");

    const spec = readObject("test/bpf/counter.bpf.o");
    const { valueSize } = spec.maps[".bss"];
    const section = createMap({ type: "array", keySize: 4, valueSize, maxEntries: 1, mmapable: true });
    section.freeze();
    const object = loadObject(spec, { maps: { ".bss": section } });
    const seen = object.variable("packets_seen");
    for (const write of [() => { seen.value = 1n; }, () => seen.add(1n), () => seen.exchange(1n), () => seen.compareExchange(0n, 1n), () => section.memory().buffer]) {
      try { write(); } catch (error) { if (error.code === "USAGE") continue; throw error; }
      throw new Error(String(write));
    }
    if (seen.value !== 0n) throw new Error("changed");

    const arena = () => createMap({ type: "arena", maxEntries: 2, flags: 0x400, extra: 0x100000000000n });
    const array = () => createMap({ type: "array", value: "u64", maxEntries: 5000, mmapable: true });
    const moved = [];
    for (const make of [arena, array, arena, array]) {
      const map = make();
      const { buffer } = map.memory();
      new Uint8Array(buffer)[0] = 5;
      try { moved.push(new Uint8Array(buffer.transfer())); } catch (error) { if (!(error instanceof TypeError)) throw error; }
      map.close();
    }
    for (let i = 0; i < 10; i++) {
      globalThis.gc();
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    for (const bytes of moved) bytes.fill(1);
    console.log("alive");
  `;
  const run = spawnSync(process.execPath, ["--expose-gc", "--input-type=module", "--eval", script], {
    encoding: "utf8",
  });
  assert.equal(run.stdout, "alive\n", run.stderr);
});

test("every global of every type reads as the object file says, mapped and through a system call", (t) => {
  if (!needs(t, "prog:syscall")) return;
  for (const name of ["data-types", "data-sections", "data-strings"]) {
    const spec = readObject(`test/bpf/${name}.bpf.o`);
    const object = loadObject(spec);
    t.after(() => object.close());
    for (const [variable, { value }] of Object.entries(spec.variables)) {
      assert.deepEqual(object.variables[variable]?.value, value, variable);
    }
  }
});

test("a variable's counter is changed in one step", (t) => {
  const object = loadObject("test/bpf/counter.bpf.o");
  t.after(() => object.close());
  const { packets_seen: seen, threshold } = object.variables;
  assert.ok(seen !== undefined && threshold !== undefined);
  assert.equal(seen.value, 0n);
  assert.equal(seen.add(5n), 0n);
  assert.equal(seen.exchange(2), 5n);
  assert.equal(seen.compareExchange(2n, 3n), 2n);
  assert.equal(seen.value, 3n);
  seen.value = 10;
  assert.equal(seen.value, 10n);
  assert.throws(() => {
    seen.value = -1;
  }, /does not fit/);
  assert.equal(threshold.isConstant, true);
  assert.throws(() => threshold.add(1), /is constant/);
  const packet = new Uint8Array(64);
  const { egress } = object.programs;
  assert.ok(egress !== undefined);
  progTestRun(egress.fd, { data_in: packet });
  assert.equal(seen.value, 11n);
});
