// `bpfts map` against bpftool's, byte for byte, on the same maps: each type, text and JSON, with and without types.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { withArticle } from "../../src/layout/index.ts";
import { loadObject } from "../../src/load/index.ts";
import { type BpfMap, createMap, type MapOptions } from "../../src/map/index.ts";
import { kernelAtLeast, possibleCpus, progLoad } from "../../src/sys/index.ts";
import { BpfMapFlag, BpfMapType, BpfProgType, mapTypeName } from "../../src/uapi/index.ts";
import { withoutPids } from "../cli/run.ts";
import { withBpffs } from "../support/bpffs.ts";
import { withCgroup } from "../support/cgroup.ts";
import { owned } from "../support/cleanup.ts";
import { BPFTOOL, lacking } from "../support/feature.ts";
import { withVeth } from "../support/netns.ts";
import { returning } from "../support/programs.ts";

interface Ran {
  readonly output: string;
  readonly problems: string;
  readonly code: number | null;
}

function run(command: string, args: readonly string[]): Ran {
  const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;
  const { stdout, stderr, status } = spawnSync(command, args, { encoding: "utf8", maxBuffer: 1 << 28, env });
  return { output: stdout, problems: stderr, code: status };
}

const ours = (...words: string[]): Ran => run(process.execPath, ["dist/bin/bpfts.js", ...words]);
const theirs = (...words: string[]): Ran => run(BPFTOOL, words);

const STYLES = [[], ["-j"], ["-p"]];

/** The same output and exit code in text, JSON and pretty JSON. */
function same(...words: string[]): void {
  for (const style of STYLES) {
    const [one, two] = [ours(...style, ...words), theirs(...style, ...words)];
    const line = [...style, ...words].join(" ");
    assert.equal(withoutPids(one.output), withoutPids(two.output), `${line}: ${one.problems}`);
    assert.equal(one.code, two.code, `exit code of ${line}: ${one.problems}`);
    if (style.length > 0 && one.output.length < 1 << 20) JSON.parse(one.output);
  }
}

function make(t: TestContext, options: MapOptions): BpfMap {
  const map = createMap({ name: "parity_map", ...options });
  t.after(() => map.close());
  return map;
}

/** What a map is shown by, dumped, and looked up by. */
function compare(map: BpfMap, ...keys: Uint8Array[]): void {
  const id = ["id", String(map.id)];
  same("map", "show", ...id);
  same("map", "dump", ...id);
  for (const key of keys) same("map", "lookup", ...id, "key", ...[...key].map(String));
}

const u32 = (n: number): Uint8Array => new Uint8Array(new Uint32Array([n]).buffer);
const cpus = possibleCpus();

describe("maps as bpftool shows them", { skip: lacking("tool:bpftool") }, () => {
  for (const type of ["hash", "lru_hash", "array", "percpu_hash", "lru_percpu_hash", "percpu_array"]) {
    for (const [keySize, valueSize] of [
      [4, 8],
      [4, 4],
      [4, 20],
      [8, 16],
      [16, 8],
      [17, 3],
      [33, 40],
      [2, 1],
    ] as const) {
      // The layout depends on sizes alone, and on whether there are values for CPUs: two types show all of it.
      if (keySize !== 4 && type !== "hash" && type !== "percpu_hash") continue;
      test(`${type} of ${keySize} to ${valueSize} bytes, without types`, (t) => {
        const map = make(t, { type, keySize, valueSize, maxEntries: 5 });
        const value = new Uint8Array(map.valueBytes).map((_, i) => (i * 37 + 11) & 0xff);
        const keys = [0, 1, 4].map((n) => new Uint8Array(keySize).fill(n, 0, keySize === 4 ? 1 : keySize));
        for (const key of keys) map.update(key, value);
        compare(map, keys[1] as Uint8Array, new Uint8Array(keySize).fill(200));
      });
    }
    test(`${type} with types`, (t) => {
      const key = type.endsWith("array") ? "u32" : { id: "u32", name: "char[6]" };
      const value = { a: "u8", b: "s64", c: "char[5]", d: "u16[3]", e: { f: "bool", g: "u64" }, h: "u128" };
      const map = make(t, { type, key, value, maxEntries: 3 });
      const one = { a: 7, b: -5n, c: "text", d: [1, 2, 3], e: { f: true, g: 2n ** 63n }, h: 2n ** 70n };
      const k = (n: number) => (typeof key === "string" ? n : { id: n, name: `k"${n}` });
      const v = map.traits.perCpu ? Array(cpus).fill(one) : one;
      map.set(k(0), v).set(k(2), v);
      compare(
        map,
        type.endsWith("array") ? u32(2) : new Uint8Array(map.keySize).fill(9),
        u32(77).slice(0, map.keySize),
      );
    });
  }

  test("every kind of BTF value", (t) => {
    const object = loadObject("test/bpf/maps-values.bpf.o");
    t.after(() => object.close());
    const { values, locked, timed, points } = object.maps;
    assert.ok(values && locked && timed && points);
    const bytes = new Uint8Array(values.valueSize).map((_, i) => (i * 91 + 5) & 0xff);
    values.update(new Uint8Array(values.keySize).fill(0x41), new Uint8Array(values.valueSize));
    for (const map of [locked, timed, points]) compare(map, u32(0));
    // bpftool ends an element at a float; what it writes before is compared, and ours is whole.
    values.update(new Uint8Array(values.keySize).fill(1), bytes);
    for (const style of STYLES) {
      const words: string[] = [...style, "map", "dump", "id", String(values.id)];
      const [one, two]: [string, string] = [ours(...words).output, theirs(...words).output];
      const until = two.indexOf("(unsupported-kind)");
      assert.ok(until > 0);
      assert.equal(one.slice(0, until), two.slice(0, until));
      if (style.length > 0) JSON.parse(one);
    }
  });

  for (const name of ["data-types", "data-sections", "data-strings", "metadata", "counter"]) {
    test(`data sections of ${name}`, (t) => {
      const object = loadObject(`test/bpf/${name}.bpf.o`);
      t.after(() => object.close());
      for (const map of Object.values(object.maps)) {
        const words = ["map", "dump", "id", String(map.id)];
        if (theirs("-j", ...words).output.includes("(unsupported-kind)")) continue;
        compare(map, u32(0));
      }
    });
  }

  test("prog_array, with an owner", (t) => {
    const object = loadObject("test/bpf/maps-tail-calls.bpf.o");
    t.after(() => object.close());
    for (const map of Object.values(object.maps)) compare(map, u32(0), u32(1), u32(99));
    const map = make(t, { type: "prog_array", maxEntries: 4 });
    const prog_type = BpfProgType.BPF_PROG_TYPE_SOCKET_FILTER;
    map.set(2, { fd: owned(t, progLoad({ prog_type, insns: returning(0), prog_name: "parity_map" })) });
    compare(map, u32(2), u32(1));
  });

  test("maps of maps", (t) => {
    const inner = make(t, { type: "array", value: "u32", maxEntries: 3 });
    const array = make(t, { type: "array_of_maps", inner, maxEntries: 5 });
    array.set(3, inner);
    compare(array, u32(3), u32(1));
    const wide = make(t, { type: "hash_of_maps", keySize: 20, inner, maxEntries: 5 });
    wide.update(new Uint8Array(20).fill(5), u32(inner.fd));
    compare(wide, new Uint8Array(20).fill(5));
  });

  test("lpm_trie", (t) => {
    const map = make(t, { type: "lpm_trie", key: { bits: "u32", address: "u8[4]" }, value: "u32", maxEntries: 9 });
    map.set("10.0.0.0/8", 1).set("10.1.0.0/16", 2).set("192.168.0.0/16", 3);
    compare(map, Uint8Array.of(32, 0, 0, 0, 10, 1, 2, 3));
    compare(make(t, { type: "lpm_trie", keySize: 20, valueSize: 4, maxEntries: 9 }));
  });

  test("maps that are only written: the reason stands for the value", async (t) => {
    const { fd } = withCgroup(t);
    const groups = make(t, { type: "cgroup_array", maxEntries: 2 });
    groups.set(1, fd);
    compare(groups);
    compare(make(t, { type: "perf_event_array", maxEntries: 2 }));
    compare(make(t, { type: "xskmap", maxEntries: 2 }));
    const server = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    t.after(() => server.close());
    const { fd: socket } = (server as unknown as { _handle: { fd: number } })._handle;
    for (const type of ["sockmap", "sockhash"]) {
      for (const valueSize of [4, 8]) {
        const map = make(t, { type, keySize: type === "sockhash" ? 20 : 4, valueSize, maxEntries: 3 });
        const value = new Uint8Array(valueSize);
        new DataView(value.buffer).setUint32(0, socket, true);
        map.update(new Uint8Array(map.keySize).fill(0), value);
        compare(map);
      }
    }
    compare(make(t, { type: "reuseport_sockarray", maxEntries: 2 }));
    compare(make(t, { type: "reuseport_sockarray", valueSize: 4, maxEntries: 2 }));
  });

  test("devmap, devmap_hash and cpumap", (t) => {
    const { ifindex } = withVeth(t);
    const map = make(t, { type: "devmap", maxEntries: 4 });
    map.set(1, ifindex);
    compare(map, u32(1), u32(0));
    const hash = make(t, { type: "devmap_hash", keySize: 4, valueSize: 8, maxEntries: 4 });
    hash.set(1000, { ifindex });
    compare(hash, u32(1000));
    const queues = make(t, { type: "cpumap", valueSize: 8, maxEntries: 2 });
    queues.set(0, { qsize: 64 });
    compare(queues, u32(0), u32(1));
  });

  test("stack_trace and cgroup_storage", (t) => {
    compare(make(t, { type: "stack_trace", valueSize: 8 * 16, maxEntries: 8 }), u32(3));
    compare(make(t, { type: "cgroup_storage", keySize: 16, valueSize: 8 }));
    compare(make(t, { type: "percpu_cgroup_storage", keySize: 8, valueSize: 8 }));
  });

  for (const [type, options] of [
    ["sk_storage", { value: "u32" }],
    ["task_storage", { value: "u32" }],
    ["cgrp_storage", { value: "u32" }],
    ["ringbuf", { maxEntries: 4096 }],
    ["user_ringbuf", { maxEntries: 4096 }],
    ["queue", { value: "u32", maxEntries: 4 }],
    ["stack", { valueSize: 20, maxEntries: 4 }],
    ["bloom_filter", { valueSize: 8, maxEntries: 40 }],
    ["arena", { maxEntries: 2 }],
  ] as const) {
    test(`${type}: shown; bpftool dumps nothing, we say why`, (t) => {
      const map = make(t, { type, ...options });
      const id = ["id", String(map.id)];
      same("map", "show", ...id);
      const dump = ours("-j", "map", "dump", ...id);
      assert.equal(dump.code, 255);
      assert.match(
        JSON.parse(dump.output).error,
        new RegExp(`the elements of ${withArticle(type)} map cannot be listed`),
      );
    });
  }

  test("queue and stack: push, peek, pop", (t) => {
    for (const [type, push, pop] of [
      ["queue", "enqueue", "dequeue"],
      ["stack", "push", "pop"],
    ] as const) {
      const [a, b] = [0, 1].map(() => make(t, { type, valueSize: 4, maxEntries: 2 })) as [BpfMap, BpfMap];
      const pair = (...words: string[]): void => {
        for (const style of STYLES) {
          const fill = (map: BpfMap) => words.map((word) => (word === "MAP" ? String(map.id) : word));
          const [one, two] = [ours(...style, ...fill(a)), theirs(...style, ...fill(b))];
          assert.equal(one.output, two.output, words.join(" "));
          assert.equal(one.code, two.code, words.join(" "));
        }
      };
      pair("map", pop, "id", "MAP");
      for (const n of ["1", "0x2"]) {
        for (const map of [a, b]) map.push(u32(Number(n)));
      }
      pair("map", "peek", "id", "MAP");
      pair("map", pop, "id", "MAP");
      assert.equal(ours("map", push, "id", String(a.id), "value", "hex", "ff", "0", "0", "1").code, 0);
      assert.equal(theirs("map", push, "id", String(b.id), "value", "hex", "ff", "0", "0", "1").code, 0);
      pair("map", "peek", "id", "MAP");
    }
  });

  test("update, lookup, getnext, delete", (t) => {
    const map = make(t, { type: "hash", keySize: 4, valueSize: 4, maxEntries: 4 });
    const id = ["id", String(map.id)];
    const key = (n: number) => ["key", String(n), "0", "0", "0"];
    const steps: readonly string[][] = [
      ["map", "getnext", ...id],
      ["map", "update", ...id, ...key(1), "value", "0x10", "010", "255", "0"],
      ["map", "lookup", ...id, ...key(1)],
      ["map", "lookup", ...id, "key", "hex", "0a", "0", "ff", "0xb"],
      ["map", "update", ...id, "exist", "value", "hex", "1", "2", "3", "ff", ...key(1)],
      ["map", "getnext", ...id],
      ["map", "getnext", ...id, ...key(7)],
    ];
    for (const step of steps) {
      for (const style of STYLES) {
        const [one, two] = [ours(...style, ...step), theirs(...style, ...step)];
        if (two.code === 0 || step[1] === "lookup") assert.equal(one.output, two.output, step.join(" "));
        assert.equal(one.code, two.code, step.join(" "));
      }
    }
    for (const [words, code] of [
      [["update", ...id, ...key(9), "value", "1", "1", "1", "1", "exist"], 254],
      [["update", ...id, ...key(1), "value", "1", "1", "1", "1", "noexist"], 239],
      [["delete", ...id, ...key(9)], 254],
      [["getnext", ...id, ...key(1)], 254],
      [["freeze", "id", "1", "2"], 255],
    ] as const) {
      assert.equal(theirs("map", ...words).code, code, words.join(" "));
      const { problems, code: own } = ours("map", ...words);
      assert.equal(own, code, words.join(" "));
      assert.match(problems, /^Error: .+\n$/);
    }
    assert.equal(ours("map", "delete", ...id, ...key(1)).code, 0);
    assert.equal(map.count(), 0);
  });

  test("a map frozen, pinned, with the same name as another", (t) => {
    const directory = withBpffs(t);
    const [one, two] = [0, 1].map(() => make(t, { type: "array", value: "u32", maxEntries: 2, name: "parity_twins" }));
    assert.ok(one && two);
    one.set(1, 5);
    one.freeze();
    one.pin(join(directory, "one"));
    two.pin(join(directory, "two"));
    for (const words of [
      ["map", "show", "name", "parity_twins"],
      ["map", "dump", "name", "parity_twins"],
      ["-f", "map", "show", "id", String(one.id)],
      ["map", "show", "pinned", join(directory, "two")],
    ]) {
      same(...words);
    }
    const raw = [0, 1].map(() =>
      make(t, { type: "hash", keySize: 4, valueSize: 4, maxEntries: 2, name: "parity_raw" }),
    );
    raw[0]?.set(1, 2);
    same("map", "dump", "name", "parity_raw");
    const refused = ours(
      "map",
      "update",
      "name",
      "parity_twins",
      "key",
      "0",
      "0",
      "0",
      "0",
      "value",
      "0",
      "0",
      "0",
      "0",
    );
    assert.match(refused.problems, new RegExp(`several maps match this handle: ids ${one.id}, ${two.id}`));
  });

  test("create makes what bpftool's makes", (t) => {
    const directory = withBpffs(t);
    const inner = make(t, { type: "array", valueSize: 4, maxEntries: 1 });
    const forms: readonly string[][] = [
      ["type", "hash", "key", "4", "value", "0x10", "entries", "100", "name", "made"],
      ["type", "lpm_trie", "key", "8", "value", "4", "entries", "100", "name", "made_trie", "flags", "1"],
      ["t", "array", "k", "4", "v", "4", "e", "010", "n", "a_name_that_is_too_long"],
      ["type", "queue", "value", "4", "entries", "3", "name", "made_queue"],
      [
        "type",
        "array_of_maps",
        "key",
        "4",
        "value",
        "4",
        "entries",
        "3",
        "name",
        "m",
        "inner_map",
        "id",
        `${inner.id}`,
      ],
    ];
    for (const [i, form] of forms.entries()) {
      const [mine, other] = [join(directory, `ours${i}`), join(directory, `theirs${i}`)];
      const [one, two] = [ours("map", "create", mine, ...form), theirs("map", "create", other, ...form)];
      assert.equal(one.code, 0, one.problems);
      assert.equal(two.code, 0, two.problems);
      assert.equal(one.problems, two.problems);
      const shown = (path: string) => theirs("map", "show", "pinned", path).output.replace(/^\d+/, "");
      assert.equal(shown(mine), shown(other));
    }
    assert.equal(ours("-j", "map", "pin", "id", String(inner.id), join(directory, "inner")).output, "null\n");
  });

  test("100,000 elements", (t) => {
    const map = make(t, { type: "hash", key: "u32", value: { a: "u64", b: "u32", c: "char[8]" }, maxEntries: 100_000 });
    map.setMany(Array.from({ length: 100_000 }, (_, i) => [i, { a: BigInt(i) << 40n, b: i, c: `n${i}` }]));
    same("map", "dump", "id", String(map.id));
    const raw = make(t, { type: "hash", keySize: 4, valueSize: 8, maxEntries: 100_000 });
    const keys = new Uint8Array(Uint32Array.from({ length: 100_000 }, (_, i) => i).buffer);
    raw.updateBatch(
      keys,
      new Uint8Array(800_000).map((_, i) => i & 0xff),
    );
    same("map", "dump", "id", String(raw.id));
  });

  test("no type of map is left out above", () => {
    const left = new Set(["unspec", "struct_ops", "inode_storage", "insn_array", "rhash"]);
    const source = run("cat", ["test/parity/map.test.ts"]).output;
    for (const number of new Set(Object.values(BpfMapType))) {
      const name = mapTypeName(number);
      if (name !== undefined && !left.has(name)) assert.ok(source.includes(name), name);
    }
    assert.ok(kernelAtLeast(5, 10) && BpfMapFlag.BPF_F_MMAPABLE > 0);
  });
});
