import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { BtfBuilder } from "../../src/btf/index.ts";
import { BpfError, Errno, SyscallError, UsageError } from "../../src/errors/index.ts";
import { BpfMap, maps, openMap } from "../../src/map/index.ts";
import { btfLoad, closeFd, mapCreate, OwnedFd, possibleCpus } from "../../src/sys/index.ts";
import { BpfMapType } from "../../src/uapi/index.ts";
import { withBpffs } from "../support/bpffs.ts";

type Options = Partial<Parameters<typeof mapCreate>[0]>;

function makeMap(t: TestContext, map_type: number, options: Options = {}): BpfMap {
  const fd = mapCreate({ map_type, key_size: 4, value_size: 8, max_entries: 4, map_name: "kernel_test", ...options });
  const map = new BpfMap(new OwnedFd(fd, "a test's map"));
  t.after(() => map.close());
  return map;
}

/** A hash of `struct { u16 port; u8 kind; }` to `struct { u64 packets; char name[8]; }`. */
function typedMap(t: TestContext): BpfMap {
  const b = new BtfBuilder();
  const int = (name: string, size: number): number =>
    b.add({ kind: "int", name, size, signed: false, char: size === 1, bool: false, bitOffset: 0, bits: size * 8 });
  const [u8, u16, u64, u32] = [int("u8", 1), int("u16", 2), int("u64", 8), int("u32", 4)];
  const member = (name: string, type: number, bytes: number) => ({ name, type, bitOffset: bytes * 8, bitSize: 0 });
  const keyType = b.add({
    kind: "struct",
    name: "flow",
    size: 4,
    members: [member("port", u16, 0), member("kind", u8, 2)],
  });
  const text = b.add({ kind: "array", name: "", type: u8, indexType: u32, length: 8 });
  const valueType = b.add({
    kind: "struct",
    name: "traffic",
    size: 16,
    members: [member("packets", u64, 0), member("name", text, 8)],
  });
  const btf = btfLoad(b.encode());
  t.after(() => closeFd(btf));
  return makeMap(t, BpfMapType.BPF_MAP_TYPE_HASH, {
    value_size: 16,
    btf_fd: btf,
    btf_key_type_id: keyType,
    btf_value_type_id: valueType,
  });
}

test("a map behaves like a JavaScript Map, decoded by the BTF that the kernel has for it", (t) => {
  const map = typedMap(t);
  const web = { port: 443, kind: 6 };
  const dns = { port: 53, kind: 17 };
  assert.equal(map.get(web), undefined);
  assert.equal(map.set(web, { packets: 7n, name: "https" }), map);
  map.set(dns, { packets: 2n ** 60n, name: "dns" }, "create");
  assert.deepEqual(map.get(web), { packets: 7n, name: "https" });
  assert.equal(map.has(dns), true);
  const elements = [...map].sort((a, b) => a[0].port - b[0].port);
  assert.deepEqual(elements, [
    [dns, { packets: 2n ** 60n, name: "dns" }],
    [web, { packets: 7n, name: "https" }],
  ]);
  assert.deepEqual(new Set([...map.keys()].map((key) => key.port)), new Set([53, 443]));
  assert.equal([...map.values()].length, 2);
  assert.equal(map.delete(dns), true);
  assert.equal(map.delete(dns), false);
  using again = openMap({ id: map.id });
  assert.deepEqual([...again.entries()], [[web, { packets: 7n, name: "https" }]]);
});

test("wrong keys and values are refused with their place, before the kernel sees them", (t) => {
  const map = typedMap(t);
  const wrong: readonly [call: () => unknown, message: RegExp][] = [
    [() => map.get({ port: 70_000, kind: 0 }), /key.*port.*70000/],
    [() => map.set({ port: 1, kind: 0 }, { packets: -1n }), /value.*packets/],
    [() => map.set({ port: 1, kind: 0 }, { packets: 1n, name: "too long a name" }), /value.*name/],
    [() => map.lookup(new Uint8Array(3)), /a key has 4 bytes, but 3 were given/],
    [() => map.update(new Uint8Array(4), new Uint8Array(17)), /a value has 16 bytes, but 17 were given/],
  ];
  for (const [call, message] of wrong) {
    assert.throws(call, (error) => error instanceof UsageError && message.test(error.message), String(message));
  }
});

test("modes of set, a full map and a frozen map say what is wrong", (t) => {
  const map = makeMap(t, BpfMapType.BPF_MAP_TYPE_HASH);
  const value = new Uint8Array(8);
  assert.throws(() => map.set(1, value, "replace"), { errno: Errno.ENOENT });
  map.set(1, value, "create");
  assert.throws(() => map.set(1, value, "create"), { errno: Errno.EEXIST });
  for (const key of [2, 3, 4]) map.set(key, value);
  assert.throws(() => map.set(5, value), /the map is full: it has room for 4 elements/);
  map.freeze();
  assert.throws(() => map.set(1, value), /frozen/);
});

test("the element just yielded may be deleted", (t) => {
  const map = makeMap(t, BpfMapType.BPF_MAP_TYPE_HASH, { max_entries: 100 });
  for (let key = 0; key < 100; key++) map.set(key, new Uint8Array(8));
  let seen = 0;
  for (const key of map.keys()) {
    assert.equal(map.delete(key), true);
    seen += 1;
  }
  assert.equal(seen, 100);
  assert.deepEqual([...map], []);
});

test("a per-CPU value is an array with one value for each possible CPU", (t) => {
  const map = makeMap(t, BpfMapType.BPF_MAP_TYPE_PERCPU_ARRAY, { value_size: 4 });
  const cpus = possibleCpus();
  const values = Array.from({ length: cpus }, (_, cpu) => Uint8Array.of(cpu, 0, 0, 1));
  map.set(2, values);
  assert.deepEqual(map.get(2), values);
  assert.throws(() => map.set(2, values.slice(1)), /one for each possible CPU/);
});

test("a map of maps takes maps and gives their ids", (t) => {
  const inner = makeMap(t, BpfMapType.BPF_MAP_TYPE_ARRAY);
  const outer = makeMap(t, BpfMapType.BPF_MAP_TYPE_ARRAY_OF_MAPS, { value_size: 4, inner_map_fd: inner.fd });
  outer.set(1, inner);
  assert.equal(outer.get(1), inner.id);
  assert.equal(outer.get(0), undefined);
});

test("a pin keeps a map, and the usual mistakes have names", (t) => {
  const directory = withBpffs(t);
  const map = makeMap(t, BpfMapType.BPF_MAP_TYPE_ARRAY);
  const path = `${directory}/deep/down/map`;
  map.pin(path);
  assert.equal(map.isPinned, true);
  const { id } = map;
  map.close();
  using again = openMap({ pinned: path });
  assert.equal(again.id, id);
  const mistakes: readonly [call: () => unknown, message: RegExp][] = [
    [() => again.pin(path), /the path exists already/],
    [() => again.pin("/tmp/bpfts-no-bpffs"), /\/tmp is not in a bpffs/],
    [() => again.pin(`${directory}/a.b`), /a name in a bpffs cannot contain a dot$/],
    [() => openMap({ pinned: `${directory}/none` }), /nothing is pinned at/],
    [() => openMap({ pinned: directory }), /is a directory, not a pin/],
    [() => openMap({ pinned: "package.json" }), /is not in a bpffs/],
    [() => openMap({ id: 0xfffffff0 }), /there is no map with id 4294967280/],
    [() => openMap({ fd: 0 }), /fd 0 is a file of another kind, not a map/],
  ];
  for (const [call, message] of mistakes) assert.throws(call, message);
  again.unpin();
  assert.throws(() => openMap({ pinned: path }), UsageError);
});

test("after close() a map says so", (t) => {
  const map = makeMap(t, BpfMapType.BPF_MAP_TYPE_ARRAY);
  map.close();
  map.close();
  assert.throws(
    () => map.get(0),
    (error) => error instanceof BpfError && error.code === "CLOSED",
  );
});

test("maps() finds a map among all of the kernel's", (t) => {
  const map = makeMap(t, BpfMapType.BPF_MAP_TYPE_ARRAY);
  const found = [...maps()].find(({ id }) => id === map.id);
  assert.equal(found?.closed, true);
  assert.equal(found?.name, "kernel_test");
  assert.throws(() => map.set(9, new Uint8Array(8)), SyscallError);
});
