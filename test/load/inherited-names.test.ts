// An object whose names are those of what every JavaScript object inherits: programs, maps, variables and members.
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { UsageError } from "../../src/errors/index.ts";
import { loadObject, readObject } from "../../src/load/index.ts";
import { kernelAtLeast } from "../../src/sys/index.ts";
import { bpfts } from "../cli/run.ts";
import { withBpffs } from "../support/bpffs.ts";

const OBJECT = "test/bpf/names-inherited.bpf.o";
const PROTO = "__proto__";

/** A value of the map toString. An assignment to `__proto__` would set the object's prototype. */
const value = JSON.parse('{ "constructor": 1, "__proto__": 30 }');

test("the library finds inherited names only where the object has them", () => {
  const spec = readObject(OBJECT);
  assert.deepEqual(Object.keys(spec.programs).sort(), [PROTO, "toJSON"]);
  assert.deepEqual(Object.keys(spec.variables).sort(), ["__defineGetter__", "hasOwnProperty", "valueOf"]);
  assert.throws(() => spec.program("toString"), /has no program toString; it has __proto__, toJSON$/);
  assert.throws(() => spec.map("valueOf"), /has no map valueOf/);
  assert.throws(() => spec.extern("constructor"), UsageError);
  for (const useLoader of kernelAtLeast(5, 17) ? [false, true] : [false]) {
    using object = loadObject(spec, { useLoader });
    assert.deepEqual(Object.keys(object.programs).sort(), [PROTO, "toJSON"]);
    assert.throws(() => object.program("hasOwnProperty"), UsageError);
    assert.throws(() => object.map("isPrototypeOf"), UsageError);
    assert.throws(() => object.variable("toString"), UsageError);
    const map = object.map("toString");
    map.set(1, value);
    assert.deepEqual(map.get(1), value);
    assert.deepEqual([...map], [[1, value]]);
    // What an object inherits is no member of it.
    map.set(2, {});
    assert.deepEqual(Object.values(map.get(2)), [0, 0]);
    map.delete(2);
    // The prog array `constructor` leads from toJSON to __proto__.
    for (const program of [object.program(PROTO), object.program("toJSON")]) {
      assert.equal(program.run({ dataIn: new Uint8Array(64) }).retval, 30 + 5 + 7);
    }
    assert.equal(object.variable("__defineGetter__").value, 1);
  }
});

test("options by an inherited name are those of the object's own program or map", () => {
  using first = loadObject(OBJECT, { programs: [PROTO] });
  assert.deepEqual(Object.keys(first.programs), [PROTO]);
  first.map("toString").set(1, value);
  using second = loadObject(OBJECT, { maps: { toString: first.map("toString") } });
  assert.deepEqual(second.map("toString").get(1), value);
  assert.notEqual(second.map("constructor").id, first.map("constructor").id);
  assert.throws(() => loadObject(OBJECT, { programs: ["valueOf"] }), /has no program valueOf/);
});

test("an extern of an inherited name is none of those that the loader computes", () => {
  const spec = readObject("test/bpf/kconfig.bpf.o");
  const extern = spec.externs.CONFIG_NOT_THERE;
  assert.ok(extern !== undefined);
  spec.externs.CONFIG_NOT_THERE = { ...extern, name: "toString" };
  assert.throws(
    () => loadObject(spec),
    /extern toString: the name of a __kconfig extern must begin with CONFIG_ or be one of LINUX_KERNEL_VERSION, LINUX_HAS_BPF_COOKIE, LINUX_HAS_SYSCALL_WRAPPER$/,
  );
});

test("the command loads, pins and shows such names", (t) => {
  const bpffs = withBpffs(t);
  const { stderr, code } = bpfts("prog", "loadall", OBJECT, `${bpffs}/all`, "pinmaps", `${bpffs}/maps`);
  assert.deepEqual([stderr, code], ["", 0]);
  assert.deepEqual(readdirSync(`${bpffs}/all`).sort(), [PROTO, "toJSON"]);
  assert.deepEqual(readdirSync(`${bpffs}/maps`).sort().slice(0, 1), ["constructor"]);
  const pinned = `${bpffs}/maps/toString`;
  assert.equal(bpfts("map", "update", "pinned", pinned, ..."key 1 0 0 0 value 1 0 0 0 30 0 0 0".split(" ")).code, 0);
  const dump = bpfts("-j", "map", "dump", "pinned", pinned).stdout;
  assert.match(dump, /"value":\{"constructor":1,"__proto__":30\}/);
  assert.match(bpfts("map", "dump", "pinned", pinned).stdout, /"constructor": 1,\s+"__proto__": 30/);
  assert.match(bpfts("-j", "prog", "show", "pinned", `${bpffs}/all/${PROTO}`).stdout, /"name":"__proto__"/);
  const again = ["prog", "load", OBJECT, `${bpffs}/again`, "map", "name", "toString", "pinned", pinned];
  assert.deepEqual(bpfts(...again), { stdout: "", stderr: "", code: 0 });
  const wrong = bpfts("prog", "load", OBJECT, `${bpffs}/wrong`, "map", "name", "valueOf", "pinned", pinned);
  assert.match(wrong.stderr, /valueOf/);
  assert.equal(wrong.code, 255);
});
