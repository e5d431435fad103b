import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { BpfError, ClosedError, UsageError } from "../../src/errors/index.ts";
import {
  openPerfBuffer,
  openRingBuffer,
  openRingBuffers,
  records,
  traceLog,
  UserRingBuffer,
} from "../../src/events/index.ts";
import {
  describeBtfObjects,
  describeLinks,
  describeMaps,
  describePrograms,
  objectHolders,
} from "../../src/inventory/index.ts";
import { kernelBtf } from "../../src/kernel/index.ts";
import { BatchCursor, type BpfMap, createMap, type MapOptions, openMap, watchMap } from "../../src/map/index.ts";
import { metric, profileProgram } from "../../src/profile/index.ts";
import { kernelAtLeast } from "../../src/sys/index.ts";
import { BpfMapFlag } from "../../src/uapi/index.ts";
import { lacking } from "../support/feature.ts";

const HASH: MapOptions = { type: "hash", key: "u32", value: "u64", maxEntries: 4 };
const ARRAY: MapOptions = { type: "array", value: "u64", maxEntries: 4, mmapable: true };
const key = new Uint8Array(4);
const value = new Uint8Array(8);
const nothing = (): void => {};

function make(t: TestContext, options: MapOptions): BpfMap {
  const map = createMap({ name: "mistakes", ...options });
  t.after(() => map.close());
  return map;
}

type Calls = Readonly<Record<string, (map: BpfMap) => unknown>>;

const reads: Calls = {
  get: (map) => map.get(1),
  has: (map) => map.has(1),
  lookup: (map) => map.lookup(key),
  lookupBatch: (map) => map.lookupBatch(new BatchCursor(map), key, value),
  keys: (map) => [...map.keys()],
  values: (map) => [...map.values()],
  entries: (map) => [...map],
  count: (map) => map.count(),
  forEach: (map) => map.forEach(nothing),
  info: (map) => map.info(),
  isFrozen: (map) => map.isFrozen,
};
const writes: Calls = {
  set: (map) => map.set(1, 2n),
  update: (map) => map.update(key, value),
  setMany: (map) => map.setMany([[1, 2n]]),
  updateBatch: (map) => map.updateBatch(key, value),
};
const deletes: Calls = {
  delete: (map) => map.delete(1),
  take: (map) => map.take(1),
  remove: (map) => map.remove(key),
  deleteMany: (map) => map.deleteMany([1]),
  deleteBatch: (map) => map.deleteBatch(key),
  drain: (map) => [...map.drain()],
};

test("every use of a closed map is a ClosedError", (t) => {
  const calls: Calls = { ...reads, ...writes, ...deletes, clear: (map) => map.clear(), freeze: (map) => map.freeze() };
  for (const [name, call] of Object.entries(calls)) {
    const map = make(t, HASH);
    map.set(1, 1n);
    map.get(1);
    map.close();
    assert.throws(() => call(map), ClosedError, name);
  }
  const array = make(t, ARRAY);
  const memory = array.memory();
  array.close();
  for (const [name, call] of Object.entries({
    memory: () => array.memory(),
    get: () => memory.get(0),
    set: () => memory.set(0, 1n),
    add: () => memory.add(0, 1n),
    copy: () => memory.copy(),
    buffer: () => memory.buffer,
  })) {
    assert.throws(call, ClosedError, name);
  }
  for (const [name, type, call] of [
    ["openRingBuffer", "ringbuf", (map) => openRingBuffer(map, nothing)],
    ["records", "ringbuf", (map) => records(map)],
    ["openPerfBuffer", "perf_event_array", (map) => openPerfBuffer(map, nothing)],
    ["UserRingBuffer", "user_ringbuf", (map) => new UserRingBuffer(map)],
    ["push", "queue", (map) => map.push(1n)],
    ["pop", "queue", (map) => map.pop()],
    ["peek", "queue", (map) => map.peek()],
  ] satisfies [string, string, (map: BpfMap) => unknown][]) {
    const lack = type === "user_ringbuf" && lacking("map:user_ringbuf");
    if (lack !== false) {
      t.diagnostic(`${name}: ${lack}`);
      continue;
    }
    const map = make(t, { type, maxEntries: 4096, ...(type === "queue" ? { value: "u64" } : {}) });
    map.close();
    assert.throws(() => call(map), ClosedError, name);
  }
});

test("a frozen map can be read, and everything else says that it is frozen", (t) => {
  const map = make(t, HASH);
  map.set(1, 1n);
  map.freeze();
  for (const [name, call] of Object.entries({ ...writes, ...deletes, clear: (map: BpfMap) => map.clear() })) {
    assert.throws(() => call(map), /the map is frozen: only BPF programs can still write to it/, name);
  }
  assert.deepEqual([...map], [[1, 1n]]);
  assert.equal(map.isFrozen, true);
});

test("a map for reading only and a map for writing only say so, and what they allow works", (t) => {
  const { BPF_F_RDONLY, BPF_F_WRONLY } = BpfMapFlag;
  // Before 6.5 the kernel lets a map for reading only be frozen.
  const freezes: Calls = kernelAtLeast(6, 5) ? { freeze: (map) => map.freeze() } : {};
  const { info, isFrozen, ...elementReads } = reads;
  const { take, drain, ...plainDeletes } = deletes;
  assert.ok(info && isFrozen && take && drain);
  // To take an element is to read it and to delete it.
  const both: Calls = { take, drain };
  const readOnly = make(t, { ...HASH, flags: BPF_F_RDONLY });
  const writeOnly = make(t, { ...HASH, flags: BPF_F_WRONLY });
  for (const [name, call] of Object.entries({ ...writes, ...plainDeletes, ...both, ...freezes })) {
    assert.throws(() => call(readOnly), /the map was opened or created for reading only \(BPF_F_RDONLY\)$/, name);
  }
  for (const [name, call] of Object.entries({ ...elementReads, ...both })) {
    assert.throws(() => call(writeOnly), /the map was opened or created for writing only \(BPF_F_WRONLY\)$/, name);
  }
  for (const call of [info, isFrozen, ...Object.values({ ...writes, ...plainDeletes, ...freezes })]) call(writeOnly);
  for (const call of [info, isFrozen, elementReads.get, elementReads.keys]) call?.(readOnly);
});

test("a full map says how much it takes, of each type that can be full", (t) => {
  const full: readonly [MapOptions, (map: BpfMap, i: number) => unknown][] = [
    [HASH, (map, i) => map.set(i, 1n)],
    [HASH, (map, i) => map.setMany([[i, 1n]])],
    [
      { ...HASH, type: "percpu_hash" },
      (map, i) => map.update(Uint8Array.of(i, 0, 0, 0), new Uint8Array(map.valueBytes)),
    ],
    [
      { type: "lpm_trie", keySize: 8, valueSize: 8, maxEntries: 4, flags: 1 },
      (map, i) => map.set(`10.0.0.${i}/32`, value),
    ],
    [{ type: "queue", value: "u64", maxEntries: 4 }, (map) => map.push(1n)],
    [{ type: "stack", value: "u64", maxEntries: 4 }, (map) => map.push(1n)],
  ];
  for (const [options, call] of full) {
    const map = make(t, options);
    for (let i = 0; i < 4; i++) call(map, i);
    assert.throws(() => call(map, 4), /the map is full: it has room for 4 elements/, options.type as string);
  }
  const array = make(t, ARRAY);
  assert.throws(() => array.set(4, 1n), /Argument list too long \(E2BIG\); the indexes of the map are 0 to 3$/);
  assert.equal(array.get(4), undefined);
});

test("keys and values of another size, and what a type of map has not, are UsageErrors that say so", (t) => {
  const hash = make(t, HASH);
  const array = make(t, ARRAY);
  const queue = make(t, { type: "queue", value: "u64", maxEntries: 4 });
  const ring = make(t, { type: "ringbuf", maxEntries: 4096 });
  const wrong: readonly [call: () => unknown, message: RegExp][] = [
    [() => hash.lookup(new Uint8Array(5)), /a key has 4 bytes, but 5 were given/],
    [() => hash.lookup(key, new Uint8Array(9)), /a value has 8 bytes, but 9 were given/],
    [() => hash.remove(new Uint8Array(0)), /a key has 4 bytes, but 0 were given/],
    [() => hash.update(key, new Uint8Array(7)), /a value has 8 bytes, but 7 were given/],
    [
      () => hash.updateBatch(new Uint8Array(8), value),
      /4 bytes for the key and 8 for the value, so buffers of 8 and 8 bytes do not fit/,
    ],
    [() => hash.deleteBatch(new Uint8Array(6)), /a key has 4 bytes, but 6 were given/],
    [() => hash.lookupBatch(new BatchCursor(array), key, value), /made for another map/],
    [() => hash.get(new Uint8Array(3)), /key must have 4 bytes, but 3 were given/],
    [() => hash.get("1"), /key.* needs an integer, not "1"/],
    [() => hash.set(1, 1.5), /value.* needs an integer, not 1.5/],
    [() => hash.push(1n), /is of type hash, but push works only on queues, stacks and bloom filters/],
    [() => hash.pop(), /is of type hash, but pop works only on/],
    [() => hash.memory(), /cannot be mapped/],
    [() => openRingBuffer(hash, nothing), /is of type hash, not ringbuf/],
    [() => openPerfBuffer(hash, nothing), /is of type hash, not perf_event_array/],
    [() => new UserRingBuffer(hash), /is of type hash, not user_ringbuf/],
    [() => records(hash), /only a ringbuf or a perf_event_array has records/],
    [() => queue.get(1), /has no keys/],
    [() => [...queue], /cannot be listed: a map of this type has no keys/],
    [() => ring.get(1), /has no (keys|elements)/],
    [() => ring.push(1), /is of type ringbuf, but push works only on/],
  ];
  for (const [call, message] of wrong) {
    assert.throws(call, (error) => error instanceof UsageError && message.test(error.message), String(message));
  }
  assert.throws(
    () => array.delete(1),
    (error) => error instanceof BpfError && /elements of an array cannot be deleted/.test(error.message),
  );
});

test("a getter of a key or value may write other elements of the same map", (t) => {
  const map = createMap<{ a: number; b: number }, { x: number; y: number }>({
    type: "hash",
    key: { a: "u32", b: "u32" },
    value: { x: "u32", y: "u32" },
    maxEntries: 16,
  });
  t.after(() => map.close());
  const other = (n: number): number => {
    map.set({ a: n, b: n }, { x: n, y: n });
    return 1;
  };
  const value = (n: number) => ({
    get x() {
      return other(n);
    },
    y: 2,
  });
  const key = (n: number) => ({
    a: 1,
    get b() {
      return other(n);
    },
  });
  map.set({ a: 1, b: 1 }, value(50));
  map.set(key(51), value(52));
  map.setMany([[key(53), value(54)]]);
  assert.equal(map.has(key(55)), true);
  assert.deepEqual(map.get(key(56)), { x: 1, y: 2 });
  assert.equal(map.delete(key(57)), true);
  const found = [...map].map(([{ a, b }, { x, y }]) => [a, b, x, y]).sort();
  assert.deepEqual(
    found,
    [50, 51, 52, 53, 54, 55, 56, 57].map((n) => [n, n, n, n]),
  );
});

test("options that a function does not have, and words that an option does not know, are refused", async (t) => {
  const map = createMap({ type: "hash", key: "u32", value: "u32", maxEntries: 4 });
  const queue = createMap({ type: "queue", value: "u32", maxEntries: 4 });
  const ring = createMap({ type: "ringbuf", maxEntries: 4096 });
  const perf = createMap({ type: "perf_event_array", keySize: 4, valueSize: 4, maxEntries: 4 });
  const array = createMap({ type: "array", value: "u64", maxEntries: 4, mmapable: true });
  using reader = openRingBuffer(ring, nothing);
  for (const one of [map, queue, ring, perf, array]) t.after(() => one.close());
  const calls: [RegExp, () => unknown][] = [
    [/openMap has no option 'name'; it has id, fd, pinned/, () => openMap({ name: "counts" } as never)],
    [/get has no option 'cpus'/, () => map.get(1, { cpus: 1 } as never)],
    [/set has no option 'locked'/, () => map.set(1, 1, { locked: true } as never)],
    [/"toString" is not a mode/, () => map.set(1, 1, "toString" as never)],
    [/"toString" is not a mode/, () => map.set(1, 1, { mode: "toString" as never })],
    [/"constructor" is not a mode/, () => map.setMany([[1, 1]], "constructor" as never)],
    [/push has no option 'replaced'/, () => queue.push(1, { replaced: true } as never)],
    [/watchMap has no option 'every'/, () => watchMap(map, { every: 5 } as never)],
    [/records has no option 'slow'/, () => records(ring, { slow: "drop" } as never)],
    [
      /option 'whenSlow' must be one of wait, drop, not "toString"/,
      () => records(ring, { whenSlow: "toString" as never }),
    ],
    [/openPerfBuffer has no option 'page'/, () => openPerfBuffer(perf, () => {}, { page: 1 } as never)],
    [/traceLog has no option 'abort'/, () => traceLog({ abort: true } as never)],
    [/records: the option 'signal' must be an AbortSignal/, () => records(ring, { signal: {} as never })],
    [/records: the option 'capacity' needs whenSlow: "drop"/, () => records(ring, { capacity: 5 })],
    [/ringbuf, and the option 'perf' is for a perf_event_array/, () => records(ring, { perf: { pages: 1 } })],
    [/the type of records has no option 'typ'/, () => records(ring, { as: { btf: kernelBtf(), typ: "int" } as never })],
    [/type of records must be a name or an id/, () => records(ring, { as: { btf: kernelBtf() } as never })],
    [/records needs a map, for example/, () => records(undefined as never)],
    [/openRingBuffer needs a map, for example/, () => openRingBuffer({} as never, nothing)],
    [/openRingBuffer needs a function that receives/, () => openRingBuffer(ring, undefined as never)],
    [/openRingBuffers needs an array of/, () => openRingBuffers(ring as never)],
    [/openPerfBuffer needs a function that receives/, () => openPerfBuffer(perf, {} as never)],
    [/UserRingBuffer needs a map, for example/, () => new UserRingBuffer(undefined as never)],
    [/watchMap needs a map whose elements/, () => watchMap(5 as never)],
    [/setMany needs an iterable of elements/, () => map.setMany(5 as never)],
    [/setMany: each element must be an array \[key, value\]/, () => map.setMany([5] as never)],
    [/deleteMany needs an iterable of keys/, () => map.deleteMany(5 as never)],
    [/an operand must be a number or a bigint, not of type string/, () => array.memory().add(0, "1" as never)],
    [/consume: the largest number of records must be a number of 0 or more, not NaN/, () => reader.consume(Number.NaN)],
    [/listen: the argument must be a function/, () => reader.listen(5 as never)],
    [/objectHolders needs a kind of objects: one of program/, () => objectHolders("toString" as never)],
    [/objectHolders has no option 'other'/, () => objectHolders("map", { other: true } as never)],
    [/objectHolders: the option 'by' must be one of/, () => objectHolders("map", { by: "toString" as never })],
    [/describeMaps has no option 'pin'/, () => [...describeMaps({ pin: true } as never)]],
    [/describeLinks has no option 'details'/, () => [...describeLinks({ details: true } as never)]],
    [/describePrograms has no option 'detail';/, () => [...describePrograms({ detail: true } as never)]],
    [/describeBtfObjects has no option 'pins'/, () => [...describeBtfObjects({ pins: true } as never)]],
    [/holders.* has no option 'byte'/, () => [...describeMaps({ holders: { byte: "proc" } as never })]],
    [/there is no metric toString; use one of cycles/, () => metric("toString" as never)],
    [/there is no metric valueOf; use one of/, () => profileProgram({} as never, { metrics: ["valueOf" as never] })],
    [/profileProgram has no option 'metric';/, () => profileProgram({} as never, { metric: [] } as never)],
  ];
  for (const [message, call] of calls) {
    assert.throws(call, (error) => error instanceof UsageError && message.test(error.message), String(message));
  }
});
