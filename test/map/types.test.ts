// Every type of map, used as it is meant to be: what goes in comes out, and what cannot be done says why.
import assert from "node:assert/strict";
import { openSync } from "node:fs";
import { createServer } from "node:net";
import { type TestContext, test } from "node:test";
import { BpfError, Errno, NotSupportedError, SyscallError, UsageError } from "../../src/errors/index.ts";
import { BatchCursor, type BpfMap, createMap, type MapOptions, openMap } from "../../src/map/index.ts";
import { cgroupId, closeFd, pidfdOpen, possibleCpus, progLoad } from "../../src/sys/index.ts";
import { BpfMapFlag, BpfProgType } from "../../src/uapi/index.ts";
import { withCgroup } from "../support/cgroup.ts";
import { owned } from "../support/cleanup.ts";
import { rounds } from "../support/emulation.ts";
import { lacking, needs } from "../support/feature.ts";
import { withVeth } from "../support/netns.ts";
import { returning } from "../support/programs.ts";

/** A map of the test's own; the test ends early where the kernel is too old for its type. */
function make(t: TestContext, options: MapOptions): BpfMap {
  const map = createMap({ name: "test_types", ...options });
  t.after(() => map.close());
  return map;
}

const cpus = possibleCpus();

for (const type of ["hash", "lru_hash"]) {
  test(`${type}: a JavaScript Map with types`, (t) => {
    const map = make(t, { type, key: "u32", value: { packets: "u64", name: "char[8]" }, maxEntries: 100 });
    map.set(1, { packets: 5n, name: "one" }).set(2, { packets: 6n });
    assert.deepEqual(map.get(1), { packets: 5n, name: "one" });
    assert.equal(map.has(3), false);
    assert.deepEqual(new Map(map).get(2), { packets: 6n, name: "" });
    assert.equal(map.count(), 2);
    const seen: unknown[] = [];
    map.forEach((value, key, self) => {
      assert.equal(self, map);
      seen.push([key, value.packets]);
    });
    assert.equal(seen.length, 2);
    if (lacking("map:take_hash") === false) {
      assert.deepEqual(map.take(2), { packets: 6n, name: "" });
      assert.equal(map.take(2), undefined);
    }
    map.clear();
    assert.deepEqual([...map.keys()], []);
    // Somebody else sees the types too.
    map.set(7, { packets: 1n, name: "seven" });
    using again = openMap({ id: map.id });
    assert.deepEqual([...again], [[7, { packets: 1n, name: "seven" }]]);
  });
}

for (const type of ["percpu_hash", "lru_percpu_hash", "percpu_array"]) {
  test(`${type}: a value for each possible CPU`, (t) => {
    const map = make(t, { type, key: "u32", value: "u32", maxEntries: 600 });
    const values = Array.from({ length: cpus }, (_, cpu) => cpu * 3);
    map.set(1, values);
    assert.deepEqual(map.get(1), values);
    assert.deepEqual(new Map(map).get(1), values);
    map.setMany([[2, values.map((n) => n + 1)]]);
    assert.deepEqual(
      map.get(2),
      values.map((n) => n + 1),
    );
    assert.throws(() => map.set(1, 5), /one for each possible CPU/);
  });
}

test("array: indexes, bounds, and what an array cannot do", (t) => {
  const map = make(t, { type: "array", value: "s64", maxEntries: 10 });
  assert.equal(map.keySize, 4);
  map.set(9, -4n);
  assert.deepEqual([...map.values()], [...Array(9).fill(0n), -4n]);
  assert.throws(() => map.set(10, 0n), { errno: Errno.E2BIG, message: /the indexes of the map are 0 to 9/ });
  assert.throws(() => map.set(0, 0n, "create"), {
    errno: Errno.EEXIST,
    message: /every element of an array exists already/,
  });
  assert.throws(() => map.delete(0), { errno: Errno.EINVAL, message: /cannot be deleted/ });
  assert.equal(map.get(10), undefined);
});

test("array of maps and hash of maps: maps go in, ids come out", (t) => {
  const inner = make(t, { type: "array", value: "u32", maxEntries: 3 });
  const other = make(t, { type: "array", value: "u64", maxEntries: 3 });
  for (const options of [{ type: "array_of_maps" }, { type: "hash_of_maps", key: "u32" }]) {
    const outer = make(t, { ...options, inner, maxEntries: 500 });
    outer.set(3, inner);
    assert.equal(outer.get(3), inner.id);
    assert.deepEqual([...outer], [[3, inner.id]]);
    assert.deepEqual([...outer.keys()], [3]);
    assert.throws(() => outer.set(4, other), { errno: Errno.EINVAL, message: /differs from the one/ });
    assert.equal(outer.delete(3), true);
    assert.deepEqual([...outer], []);
  }
});

test("prog_array: programs go in, ids come out", (t) => {
  const map = make(t, { type: "prog_array", maxEntries: 4 });
  const load = (prog_type: number) => owned(t, progLoad({ prog_type, insns: returning(0), prog_name: "test_types" }));
  const program = load(BpfProgType.BPF_PROG_TYPE_SOCKET_FILTER);
  map.set(2, { fd: program });
  assert.equal(typeof map.get(2), "number");
  assert.deepEqual([...map.keys()], [2]);
  assert.throws(() => map.set(3, load(BpfProgType.BPF_PROG_TYPE_XDP)), {
    message: /type differs from the type of the programs in the array/,
  });
  map.delete(2);
  assert.deepEqual([...map], []);
});

test("perf_event_array, cgroup_array and xskmap: only written", (t) => {
  const { fd } = withCgroup(t);
  const groups = make(t, { type: "cgroup_array", maxEntries: 2 });
  groups.set(1, fd);
  assert.throws(() => groups.get(1), { message: /cannot be read by a system call/ });
  assert.throws(() => [...groups], { message: /cannot be read by a system call/ });
  assert.deepEqual([...groups.keys()], [0, 1]);
  const events = make(t, { type: "perf_event_array" });
  assert.equal(events.maxEntries, cpus);
  assert.throws(() => events.set(0, fd), SyscallError);
  if (!needs(t, "map:xskmap")) return;
  const sockets = make(t, { type: "xskmap", maxEntries: 2 });
  assert.throws(() => sockets.set(0, fd), SyscallError);
});

test("lpm_trie: prefixes as text", (t) => {
  const v4 = make(t, { type: "lpm_trie", key: { bits: "u32", address: "u8[4]" }, value: "u32", maxEntries: 700 });
  v4.set("10.0.0.0/8", 1).set("10.1.2.0/24", 2).set({ bits: 0, address: [] }, 3);
  assert.equal(v4.get("10.9.9.9"), 1);
  assert.equal(v4.get("10.1.2.3/32"), 2);
  assert.equal(v4.get("1.1.1.1"), 3);
  assert.deepEqual(new Set(v4.keys()), new Set(["10.0.0.0/8", "10.1.2.0/24", "0.0.0.0/0"]));
  assert.equal(v4.delete("10.0.0.0/8"), true);
  for (const wrong of ["10.0.0.0/33", "10.0.0/8", "10.0.0.256", "::1", "", 7, null]) {
    assert.throws(() => v4.get(wrong), UsageError, String(wrong));
  }
  const v6 = make(t, { type: "lpm_trie", keySize: 20, valueSize: 4, maxEntries: 8 });
  v6.set("fd00:1::/32", 5).set("::ffff:1.2.3.4/128", 6).set("1:2:3:4:5:6:7:8/128", 7).set("::/0", 9);
  assert.deepEqual(v6.get("fd00:1::9"), Uint8Array.of(5, 0, 0, 0));
  assert.deepEqual(new Set(v6.keys()), new Set(["fd00:1::/32", "::ffff:102:304/128", "1:2:3:4:5:6:7:8/128", "::/0"]));
  const other = make(t, { type: "lpm_trie", keySize: 10, valueSize: 4, maxEntries: 8 });
  other.set({ bits: 16, address: Uint8Array.of(1, 2, 0, 0, 0, 0) }, 1);
  assert.deepEqual([...other.keys()], [{ bits: 16, address: Uint8Array.of(1, 2, 0, 0, 0, 0) }]);
  // All of it, while it is taken apart.
  for (let i = 0; i < 600; i++) v4.set(`20.0.${i >> 8}.${i & 255}/32`, i);
  let count = 0;
  for (const key of v4.keys()) {
    v4.delete(key);
    count++;
  }
  assert.equal(count, 602);
});

test("queue and stack: push, pop, peek", (t) => {
  for (const type of ["queue", "stack"]) {
    const map = make(t, { type, value: { n: "u32" }, maxEntries: 2 });
    assert.equal(map.peek(), undefined);
    assert.equal(map.pop(), undefined);
    map.push({ n: 1 });
    map.push({ n: 2 });
    assert.throws(() => map.push({ n: 3 }), {
      errno: Errno.E2BIG,
      message: /the map is full: it has room for 2 elements/,
    });
    map.push({ n: 3 }, { replace: true });
    const next = type === "queue" ? { n: 2 } : { n: 3 };
    assert.deepEqual(map.peek(), next);
    assert.deepEqual(map.pop(), next);
    assert.throws(() => [...map], /\((queue|stack)\) cannot be listed: a map of this type has no keys/);
    assert.throws(() => map.get(0), /has no keys: use push, pop and peek/);
  }
});

test("bloom_filter", { skip: lacking("map:bloom_filter") }, (t) => {
  const map = make(t, { type: "bloom_filter", value: "u64", maxEntries: 1000, extra: 3n });
  map.push(5n);
  assert.equal(map.mayHave(5n), true);
  assert.equal(map.mayHave(6n), false);
});

test("rings and arenas have no elements", (t) => {
  const ring = make(t, { type: "ringbuf", maxEntries: 4096 });
  for (const call of [() => [...ring], () => ring.get(0), () => ring.push(1), () => ring.pop()]) {
    assert.throws(call, UsageError);
  }
});

test("devmap, devmap_hash and cpumap", (t) => {
  const { ifindex } = withVeth(t);
  const map = make(t, { type: "devmap", maxEntries: 4 });
  map.set(1, ifindex);
  assert.deepEqual([...map], [[1, ifindex]]);
  assert.throws(() => map.set(2, 999_999), { message: /there is no device with this index/ });
  const hash = make(t, { type: "devmap_hash", key: "u32", valueSize: 8, maxEntries: 4 });
  hash.set(1000, { ifindex });
  assert.deepEqual([...hash], [[1000, { ifindex, program: 0 }]]);
  const queues = make(t, { type: "cpumap", valueSize: 8, maxEntries: 1 });
  queues.set(0, { qsize: 64 });
  assert.deepEqual(queues.get(0), { qsize: 64, program: 0 });
  assert.throws(
    () => queues.set(0, { qsize: 64, other: 1 }),
    /value cannot have a member other; its members are qsize and program$/,
  );
});

test("sockmap, sockhash and reuseport_sockarray: sockets go in, cookies come out", async (t) => {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  t.after(() => server.close());
  const { fd } = (server as unknown as { _handle: { fd: number } })._handle;
  const map = make(t, { type: "sockmap", maxEntries: 2 });
  map.set(0, fd);
  assert.equal(typeof map.get(0), "bigint");
  assert.deepEqual([...map], [[0, map.get(0)]]);
  const hash = make(t, { type: "sockhash", key: "u64", maxEntries: 2 });
  hash.set(77n, { fd });
  assert.deepEqual([...hash], [[77n, map.get(0)]]);
  const small = make(t, { type: "sockmap", valueSize: 4, maxEntries: 2 });
  small.set(0, fd);
  assert.throws(() => small.get(0), {
    message: /sockets only as 8-byte cookies, so the values of the map must have 8 bytes/,
  });
  const array = make(t, { type: "reuseport_sockarray", maxEntries: 2 });
  assert.throws(() => array.set(0, fd), SyscallError);
  assert.deepEqual([...array], []);
});

test("storage of tasks: by pidfd or pid", { skip: lacking("map:task_storage") }, (t) => {
  const tasks = make(t, { type: "task_storage", value: { hits: "u64" } });
  const fd = owned(t, pidfdOpen(process.pid));
  tasks.set(fd, { hits: 1n });
  assert.deepEqual(tasks.get({ pid: process.pid }), { hits: 1n });
  assert.equal(tasks.delete({ fd }), true);
  assert.equal(tasks.get({ pid: process.pid }), undefined);
  tasks.setMany([[{ pid: process.pid }, { hits: 3n }]]);
  assert.deepEqual(tasks.get(fd), { hits: 3n });
  assert.equal(tasks.deleteMany([{ pid: process.pid }]), 1);
  assert.throws(() => [...tasks], /the kernel lists them only to iterator programs; look up single elements instead$/);
  assert.throws(() => tasks.get({ pid: 0x3fffff }), SyscallError);
});

test("storage of cgroups: by path", { skip: lacking("map:cgrp_storage") }, (t) => {
  const groups = make(t, { type: "cgrp_storage", value: { hits: "u64" } });
  const { path } = withCgroup(t);
  groups.set({ path }, { hits: 2n });
  assert.deepEqual(groups.get({ path }), { hits: 2n });
});

test("storage of sockets: by fd", async (t) => {
  const sockets = make(t, { type: "sk_storage", value: { hits: "u64" } });
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  t.after(() => server.close());
  const handle = (server as unknown as { _handle: { fd: number } })._handle;
  sockets.set(handle, { hits: 4n });
  assert.deepEqual(sockets.get(handle.fd), { hits: 4n });
  assert.throws(() => sockets.get({ pid: 1 }), /key of socket storage must be a file descriptor, not object$/);
});

test("inode_storage", (t) => {
  let map: BpfMap;
  try {
    map = make(t, { type: "inode_storage", value: "u64" });
  } catch (error) {
    // Only with the BPF LSM compiled in.
    assert.ok(error instanceof SyscallError || error instanceof NotSupportedError);
    return t.skip("this kernel has no inode storage");
  }
  try {
    map.set({ path: "/etc/passwd" }, 1n);
  } catch (error) {
    assert.ok(error instanceof SyscallError);
    return t.skip("the BPF LSM is not active: the kernel keeps nothing beside inodes");
  }
  const fd = openSync("/etc/passwd", "r");
  t.after(() => closeFd(fd));
  assert.equal(map.get(fd), 1n);
  assert.equal(map.delete({ path: "/etc/passwd" }), true);
});

test("cgroup_storage: keys are ids of cgroups", (t) => {
  const map = make(t, { type: "cgroup_storage", keySize: 16, valueSize: 8 });
  assert.deepEqual([...map], []);
  const { path } = withCgroup(t);
  assert.equal(map.get({ id: cgroupId(path), attachType: 1 }), undefined);
  assert.throws(() => map.get(5), /key must be the id of a cgroup as a bigint, or \{ id, attachType \}$/);
});

test("stack_trace: read and listed", (t) => {
  const map = make(t, { type: "stack_trace", valueSize: 8 * 16, maxEntries: 8 });
  assert.equal(map.get(3), undefined);
  assert.deepEqual([...map], []);
  assert.throws(() => map.set(0, [1n]), /only BPF programs can write stacks/);
});

test("arena: its memory", { skip: lacking("map:arena") }, (t) => {
  const map = make(t, { type: "arena", maxEntries: 2 });
  const words = new Uint32Array(map.memory().buffer);
  words[1024] = 7;
  assert.deepEqual(map.memory().copy(4096, 4), Uint8Array.of(7, 0, 0, 0));
  assert.throws(() => map.memory().get(0), /is an arena/);
  map.close();
  assert.equal(words[1024], 0);
  words[0] = 1;
});

test("batches with a cursor: bytes in, bytes out", (t) => {
  const count = 1000;
  const map = make(t, { type: "hash", key: "u32", value: "u64", maxEntries: count });
  const keys = new Uint8Array(Uint32Array.from({ length: count }, (_, i) => i).buffer);
  const values = new Uint8Array(BigUint64Array.from({ length: count }, (_, i) => BigInt(i)).buffer);
  assert.equal(map.updateBatch(keys, values), count);
  const cursor = new BatchCursor(map);
  const [someKeys, someValues] = [new Uint8Array(4 * 300), new Uint8Array(8 * 300)];
  let total = 0;
  while (!cursor.done) total += map.lookupBatch(cursor, someKeys, someValues);
  assert.equal(total, count);
  assert.equal(map.lookupBatch(cursor, someKeys, someValues), 0);
  assert.throws(
    () => map.lookupBatch(new BatchCursor(map), someKeys, someKeys),
    /each element of a batch needs 4 bytes for the key and 8 for the value, so buffers of 1200 and 1200 bytes do not fit$/,
  );
  const other = make(t, { type: "hash", key: "u32", value: "u64", maxEntries: 1 });
  assert.throws(() => other.lookupBatch(cursor, someKeys, someValues), /made for another map/);
  assert.equal(map.deleteBatch(keys.subarray(0, 40)), 10);
  const taking = new BatchCursor(map);
  let taken = 0;
  while (!taking.done) taken += map.lookupAndDeleteBatch(taking, someKeys, someValues);
  assert.equal(taken, count - 10);
  assert.throws(() => map.updateBatch(Uint8Array.of(1), values), UsageError);
  const full = make(t, { type: "hash", key: "u32", value: "u64", maxEntries: 5 });
  assert.throws(() => full.updateBatch(keys, values), { errno: Errno.E2BIG });
  const queue = make(t, { type: "queue", value: "u64", maxEntries: 5 });
  assert.throws(() => queue.updateBatch(keys, values), BpfError);
});

test("many elements at once, with and without batches", (t) => {
  const count = rounds(9000);
  for (const options of [{ type: "hash" }, { type: "lru_hash" }, { type: "percpu_hash" }, { type: "devmap_hash" }]) {
    const value = options.type === "devmap_hash" ? undefined : "u32";
    const map = make(t, { ...options, key: "u32", value, maxEntries: 10_000 });
    const one = (i: number) => (options.type === "percpu_hash" ? Array(cpus).fill(i) : value === undefined ? 1 : i);
    const elements = Array.from({ length: count }, (_, i): [number, unknown] => [i, one(i)]);
    map.setMany(elements);
    assert.equal(map.count(), count);
    assert.deepEqual(new Map(map), new Map(elements));
    assert.throws(() => map.setMany([[0, one(1)]], "create"), { errno: Errno.EEXIST });
    assert.equal(map.deleteMany([1, 20_000, 2, 20_001]), 2);
    const drained = new Map(map.drain());
    assert.equal(drained.size, count - 2);
    assert.equal(map.count(), 0);
  }
});

test("a walk ends while others change the map, and shows nothing twice", (t) => {
  const map = make(t, {
    type: "hash",
    key: "u32",
    value: "u32",
    maxEntries: 50_000,
    flags: BpfMapFlag.BPF_F_NO_PREALLOC,
  });
  map.setMany(Array.from({ length: 40_000 }, (_, i) => [i, i]));
  const seen = new Set<number>();
  let next = 100_000;
  for (const [key] of map) {
    assert.equal(seen.has(key), false);
    seen.add(key);
    if (key < 100_000) {
      map.delete(key);
      if (next < 105_000) map.set(next++, 0);
    }
  }
  assert.ok(seen.size >= 40_000);
  for (let i = 0; i < 40_000; i++) assert.ok(seen.has(i));
});

test("what createMap refuses says why", () => {
  const wrong: readonly [MapOptions, RegExp][] = [
    [{ type: "nosuch" }, /"nosuch" is not a map type/],
    [{ type: "hash", key: "u33", maxEntries: 1 }, /key: "u33" is not a C type/],
    [{ type: "hash", key: { a: "u8", b: "what" }, maxEntries: 1 }, /key.b: "what"/],
    [
      { type: "hash", key: "u32", keySize: 8, maxEntries: 1 },
      /the option 'keySize' is 8, but the type of the key has 4 bytes; leave out keySize/,
    ],
    [{ type: "hash", name: "empty", key: "u32", value: "u32" }, /map empty: .*EINVAL.*max_entries 0/],
  ];
  for (const [options, message] of wrong) assert.throws(() => createMap(options), { message });
});

test("types of C are laid out as a compiler does", (t) => {
  const value = { a: "u8", b: "u32", c: { d: "char", e: "u64" }, f: "u16[3]", g: "bool", h: "double" };
  const map = make(t, { type: "array", value, maxEntries: 1 });
  assert.equal(map.valueSize, 8 + 16 + 8 + 8);
  const written = { a: 1, b: 2, c: { d: 65, e: 3n }, f: [4, 5, 6], g: true, h: 0.5 };
  map.set(0, written);
  assert.deepEqual(map.get(0), written);
});
