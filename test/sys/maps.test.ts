import assert from "node:assert/strict";
import { test } from "node:test";
import { Errno, SyscallError, UsageError } from "../../src/errors/index.ts";
import type { FeatureName } from "../../src/kernel/features/table.ts";
import {
  kernelAtLeast,
  mapCreate,
  mapDeleteBatch,
  mapDeleteElem,
  mapFreeze,
  mapGetFdById,
  mapGetNextId,
  mapGetNextKey,
  mapInfo,
  mapLookupAndDeleteBatch,
  mapLookupAndDeleteElem,
  mapLookupBatch,
  mapLookupElem,
  mapLookupWithoutKey,
  mapUpdateBatch,
  mapUpdateElem,
  possibleCpus,
} from "../../src/sys/index.ts";
import { BpfElemFlag, BpfMapFlag, BpfMapType } from "../../src/uapi/index.ts";
import { owned } from "../support/cleanup.ts";
import { lacking } from "../support/feature.ts";

const m = BpfMapType;
const key = (n: number): Uint8Array => new Uint8Array(new Uint32Array([n]).buffer);
const u64 = (n: bigint): Uint8Array => new Uint8Array(new BigUint64Array([n]).buffer);

const CHEAP: readonly {
  type: number;
  key?: number;
  value?: number;
  flags?: number;
  entries?: number;
  extra?: bigint;
  needed?: FeatureName;
}[] = [
  { type: m.BPF_MAP_TYPE_HASH },
  { type: m.BPF_MAP_TYPE_ARRAY },
  { type: m.BPF_MAP_TYPE_PROG_ARRAY, value: 4 },
  { type: m.BPF_MAP_TYPE_PERF_EVENT_ARRAY, value: 4 },
  { type: m.BPF_MAP_TYPE_PERCPU_HASH },
  { type: m.BPF_MAP_TYPE_PERCPU_ARRAY },
  { type: m.BPF_MAP_TYPE_STACK_TRACE, value: 8 * 16 },
  { type: m.BPF_MAP_TYPE_CGROUP_ARRAY, value: 4 },
  { type: m.BPF_MAP_TYPE_LRU_HASH },
  { type: m.BPF_MAP_TYPE_LRU_PERCPU_HASH },
  { type: m.BPF_MAP_TYPE_LPM_TRIE, key: 8, flags: BpfMapFlag.BPF_F_NO_PREALLOC },
  { type: m.BPF_MAP_TYPE_DEVMAP, value: 4 },
  { type: m.BPF_MAP_TYPE_DEVMAP_HASH, value: 8 },
  { type: m.BPF_MAP_TYPE_SOCKMAP, value: 4 },
  { type: m.BPF_MAP_TYPE_SOCKHASH, value: 4 },
  { type: m.BPF_MAP_TYPE_CPUMAP, value: 4, entries: 1 },
  { type: m.BPF_MAP_TYPE_XSKMAP, value: 4, needed: "map:xskmap" },
  { type: m.BPF_MAP_TYPE_REUSEPORT_SOCKARRAY, value: 8 },
  { type: m.BPF_MAP_TYPE_QUEUE, key: 0 },
  { type: m.BPF_MAP_TYPE_STACK, key: 0 },
  { type: m.BPF_MAP_TYPE_RINGBUF, key: 0, value: 0, entries: 4096 },
  { type: m.BPF_MAP_TYPE_USER_RINGBUF, key: 0, value: 0, entries: 4096, needed: "map:user_ringbuf" },
  { type: m.BPF_MAP_TYPE_BLOOM_FILTER, key: 0, extra: 3n, needed: "map:bloom_filter" },
  { type: m.BPF_MAP_TYPE_ARENA, key: 0, value: 0, flags: BpfMapFlag.BPF_F_MMAPABLE, needed: "map:arena" },
];

for (const { type, key: keySize = 4, value = 8, flags = 0, entries = 8, extra = 0n, needed } of CHEAP) {
  const name = Object.entries(m).find(([, number]) => number === type)?.[0] ?? "";
  const skip = needed === undefined ? false : lacking(needed);
  test(`MAP_CREATE and its info: ${name}`, { skip }, (t) => {
    const fd = owned(
      t,
      mapCreate({
        map_type: type,
        key_size: keySize,
        value_size: value,
        max_entries: entries,
        map_flags: flags,
        map_extra: extra,
        map_name: "bpfts_cheap",
      }),
    );
    const info = mapInfo(fd);
    assert.equal(info.type, type);
    assert.equal(info.key_size, keySize);
    assert.equal(info.value_size, value);
    assert.equal(info.max_entries, entries);
    assert.equal(info.name, "bpfts_cheap");
    assert.equal(info.map_flags & flags, flags);
    if (type === m.BPF_MAP_TYPE_BLOOM_FILTER) assert.equal(info.map_extra, 3n);
    const again = owned(t, mapGetFdById(info.id));
    assert.deepEqual(mapInfo(again), info);
    assert.equal(mapGetNextId(info.id - 1), info.id);
  });
}

test("elements of a hash", (t) => {
  const fd = owned(t, mapCreate({ map_type: m.BPF_MAP_TYPE_HASH, key_size: 4, value_size: 8, max_entries: 4 }));
  const value = new Uint8Array(8);
  assert.equal(mapLookupElem(fd, key(1), value), false);
  mapUpdateElem(fd, key(1), u64(7n));
  assert.equal(mapLookupElem(fd, key(1), value), true);
  assert.deepEqual(value, u64(7n));
  assert.throws(() => mapUpdateElem(fd, key(1), u64(8n), BpfElemFlag.BPF_NOEXIST), {
    name: "SyscallError",
    errnoName: "EEXIST",
  });
  // The flags of one call do not stay for the next.
  mapUpdateElem(fd, key(1), u64(9n));
  assert.throws(() => mapUpdateElem(fd, key(2), u64(8n), BpfElemFlag.BPF_EXIST), { errnoName: "ENOENT" });
  mapUpdateElem(fd, key(2), u64(10n));
  if (lacking("map:take_hash") === false) {
    assert.equal(mapLookupAndDeleteElem(fd, key(1), value), true);
    assert.deepEqual(value, u64(9n));
  } else {
    assert.equal(mapDeleteElem(fd, key(1)), true);
  }
  const next = new Uint8Array(4);
  assert.equal(mapGetNextKey(fd, undefined, next), true);
  assert.deepEqual(next, key(2));
  assert.equal(mapGetNextKey(fd, next, next), false);
  assert.equal(mapDeleteElem(fd, key(2)), true);
  assert.equal(mapDeleteElem(fd, key(2)), false);
  assert.equal(mapGetNextKey(fd, undefined, next), false);
  for (let i = 0; i < 4; i++) mapUpdateElem(fd, key(i), u64(1n));
  assert.throws(() => mapUpdateElem(fd, key(4), u64(1n)), { errnoName: "E2BIG" });
});

for (const size of [1, 15, 16, 17, 64, 4096, 0xffff, 0x10000, 0x10001, 200_000]) {
  test(`a value of ${size} bytes arrives whole`, (t) => {
    const fd = owned(t, mapCreate({ map_type: m.BPF_MAP_TYPE_ARRAY, key_size: 4, value_size: size, max_entries: 2 }));
    const written = Uint8Array.from({ length: size }, (_, i) => (i * 7 + size) & 0xff);
    mapUpdateElem(fd, key(1), written);
    const read = new Uint8Array(size);
    assert.equal(mapLookupElem(fd, key(1), read), true);
    assert.deepEqual(read, written);
    mapLookupElem(fd, key(0), read);
    assert.deepEqual(read, new Uint8Array(size));
  });
}

test("a value in the middle of a larger buffer is written where it is", (t) => {
  const fd = owned(t, mapCreate({ map_type: m.BPF_MAP_TYPE_ARRAY, key_size: 4, value_size: 100_000, max_entries: 1 }));
  mapUpdateElem(fd, key(0), new Uint8Array(100_000).fill(5));
  const buffer = new Uint8Array(100_016);
  mapLookupElem(fd, key(0), buffer.subarray(8, 100_008));
  assert.equal(buffer[7], 0);
  assert.equal(buffer[8], 5);
  assert.equal(buffer[100_007], 5);
  assert.equal(buffer[100_008], 0);
});

test("buffers that have no lasting address are refused", (t) => {
  const fd = owned(t, mapCreate({ map_type: m.BPF_MAP_TYPE_ARRAY, key_size: 4, value_size: 100_000, max_entries: 1 }));
  const Resizable = ArrayBuffer as unknown as new (length: number, options: { maxByteLength: number }) => ArrayBuffer;
  const value = new Uint8Array(new Resizable(100_000, { maxByteLength: 200_000 }));
  assert.throws(() => mapLookupElem(fd, key(0), value), UsageError);
  // The address of the refused call must not be left behind.
  const small = new Uint8Array(100_000);
  assert.equal(mapLookupElem(fd, key(0), small), true);
  assert.throws(() => mapLookupElem(fd, new Uint8Array(5000), small), UsageError);
});

test("per-CPU values lie one behind the other", (t) => {
  const fd = owned(t, mapCreate({ map_type: m.BPF_MAP_TYPE_PERCPU_ARRAY, key_size: 4, value_size: 8, max_entries: 1 }));
  const values = new Uint8Array(new BigUint64Array(possibleCpus()).map((_, i) => BigInt(i + 1)).buffer);
  mapUpdateElem(fd, key(0), values);
  const read = new Uint8Array(values.length);
  mapLookupElem(fd, key(0), read);
  assert.deepEqual(read, values);
});

test("maps without keys", (t) => {
  const none = new Uint8Array(0);
  const queue = owned(t, mapCreate({ map_type: m.BPF_MAP_TYPE_QUEUE, value_size: 8, max_entries: 4 }));
  const value = new Uint8Array(8);
  assert.equal(mapLookupWithoutKey(queue, value), false);
  mapUpdateElem(queue, none, u64(1n));
  mapUpdateElem(queue, none, u64(2n));
  assert.equal(mapLookupWithoutKey(queue, value), true);
  assert.deepEqual(value, u64(1n));
  assert.equal(mapLookupAndDeleteElem(queue, none, value), true);
  assert.equal(mapLookupAndDeleteElem(queue, none, value), true);
  assert.deepEqual(value, u64(2n));
  assert.equal(mapLookupAndDeleteElem(queue, none, value), false);
  if (lacking("map:bloom_filter") !== false) return;
  const bloom = owned(t, mapCreate({ map_type: m.BPF_MAP_TYPE_BLOOM_FILTER, value_size: 8, max_entries: 100 }));
  mapUpdateElem(bloom, none, u64(5n));
  assert.equal(mapLookupWithoutKey(bloom, u64(5n)), true);
  assert.equal(mapLookupWithoutKey(bloom, u64(6n)), false);
});

test("batches", (t) => {
  const count = 1000;
  const fd = owned(t, mapCreate({ map_type: m.BPF_MAP_TYPE_HASH, key_size: 4, value_size: 8, max_entries: count }));
  const keys = new Uint8Array(Uint32Array.from({ length: count }, (_, i) => i).buffer);
  const values = new Uint8Array(BigUint64Array.from({ length: count }, (_, i) => BigInt(i) * 3n).buffer);
  assert.equal(mapUpdateBatch(fd, keys, values, count), count);
  const seen = new Map<number, bigint>();
  const cursor = new Uint8Array(4);
  const someKeys = new Uint32Array(300);
  const someValues = new BigUint64Array(300);
  const keyBytes = new Uint8Array(someKeys.buffer);
  const valueBytes = new Uint8Array(someValues.buffer);
  for (let first = true, done = false; !done; first = false) {
    const step = mapLookupBatch(fd, cursor, first, keyBytes, valueBytes, 300);
    assert.equal(step.tooSmall, false);
    for (let i = 0; i < step.count; i++) seen.set(someKeys[i] as number, someValues[i] as bigint);
    done = step.done;
  }
  assert.equal(seen.size, count);
  assert.equal(seen.get(999), 2997n);
  // Keys 0..9 are there; asked with one that is not, it stops before it.
  assert.equal(mapDeleteBatch(fd, keys.subarray(0, 40), 10), 10);
  assert.equal(mapDeleteBatch(fd, keys.subarray(0, 40), 10), 0);
  let taken = 0;
  for (let first = true, done = false; !done; first = false) {
    const step = mapLookupAndDeleteBatch(fd, cursor, first, keyBytes, valueBytes, 300);
    taken += step.count;
    done = step.done;
  }
  assert.equal(taken, count - 10);
  assert.equal(mapGetNextKey(fd, undefined, new Uint8Array(4)), false);
});

test("a frozen map cannot be written", (t) => {
  const fd = owned(
    t,
    mapCreate({
      map_type: m.BPF_MAP_TYPE_ARRAY,
      key_size: 4,
      value_size: 8,
      max_entries: 1,
      map_flags: BpfMapFlag.BPF_F_RDONLY_PROG,
    }),
  );
  mapFreeze(fd);
  assert.throws(() => mapUpdateElem(fd, key(0), u64(1n)), { errnoName: "EPERM" });
});

test("map of maps", (t) => {
  const inner = owned(t, mapCreate({ map_type: m.BPF_MAP_TYPE_ARRAY, key_size: 4, value_size: 8, max_entries: 1 }));
  const outer = owned(
    t,
    mapCreate({
      map_type: m.BPF_MAP_TYPE_ARRAY_OF_MAPS,
      key_size: 4,
      value_size: 4,
      max_entries: 1,
      inner_map_fd: inner,
    }),
  );
  mapUpdateElem(outer, key(0), key(inner));
  const id = new Uint8Array(4);
  mapLookupElem(outer, key(0), id);
  assert.deepEqual(id, key(mapInfo(inner).id));
});

test("what fails says what and why", () => {
  assert.throws(
    () => mapCreate({ map_type: 9999, map_name: "odd", max_entries: 1 }),
    (error: unknown) => {
      assert.ok(error instanceof SyscallError);
      assert.match(error.message, /^map "odd": bpf\(BPF_MAP_CREATE\): .*\(E(INVAL|2BIG)\)/);
      return true;
    },
  );
  assert.throws(() => mapGetFdById(0xffffffff), {
    message: "map id 4294967295: bpf(BPF_MAP_GET_FD_BY_ID): No such file or directory (ENOENT)",
  });
  assert.throws(() => mapInfo(9999), { message: "bpf(BPF_OBJ_GET_INFO_BY_FD): File descriptor in bad state (EBADFD)" });
  assert.equal(mapGetNextId(0x7ffffff0), undefined);
});

test("a name is cut as the kernel holds it; what the kernel does not allow in one, it refuses", (t) => {
  const array = { map_type: m.BPF_MAP_TYPE_ARRAY, key_size: 4, value_size: 4, max_entries: 1 };
  const fd = owned(t, mapCreate({ ...array, map_name: "a_map_with.a_very_long_name" }));
  assert.equal(mapInfo(fd).name, "a_map_with.a_ve");
  assert.throws(() => mapCreate({ ...array, map_name: "a map-with.a" }), { code: "SYSCALL", errno: Errno.EINVAL });
});

test("this kernel knows the fields that 6.18 knows", (t) => {
  if (!kernelAtLeast(6, 18)) return t.skip("an older kernel");
  const fd = owned(t, mapCreate({ map_type: m.BPF_MAP_TYPE_ARRAY, key_size: 4, value_size: 4, max_entries: 1 }));
  assert.ok(Object.values(mapInfo(fd)).every((value) => value !== undefined));
});
