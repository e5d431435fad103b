import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Btf, BtfBuilder, diffBtf, findNames, type TypeId } from "../../../src/btf/index.ts";
import { FormatError } from "../../../src/errors/index.ts";
import { int, member } from "../samples.ts";

const INT = int("int", 4, { signed: true });
const LONG = int("long", 8, { signed: true });

function made(make: (builder: BtfBuilder, int: TypeId) => void): Btf {
  const builder = new BtfBuilder();
  make(builder, builder.add(INT));
  return Btf.parse(builder.encode(), { source: "made" });
}

/** A struct without a name inside a struct, an array of such, a typedef of such, an enum, a function. */
function sample(options: { pid: "int" | "long"; extra: boolean; last: number; params: number }): Btf {
  return made((builder, int) => {
    const long = builder.add(LONG);
    const inner = builder.add({
      kind: "union",
      name: "",
      size: 4,
      members: [member("tid", int, 0), member("flags", int, 4, 3)],
    });
    const element = builder.add({ kind: "struct", name: "", size: 4, members: [member("value", int, 0)] });
    const array = builder.add({ kind: "array", name: "", type: element, indexType: int, length: 2 });
    const pid = options.pid === "int" ? int : long;
    builder.add({
      kind: "struct",
      name: "task",
      size: options.extra ? 32 : 24,
      members: [
        member("pid", pid, 0),
        member("", inner, 64),
        member("regs", array, 96),
        ...(options.extra ? [member("extra", int, 192)] : []),
      ],
    });
    builder.add({ kind: "typedef", name: "element_t", type: element });
    builder.add({
      kind: "enum",
      name: "state",
      size: 4,
      signed: false,
      values: [
        { name: "RUNNING", value: 0 },
        { name: "LAST", value: options.last },
      ],
    });
    const params = Array.from({ length: options.params }, (_, i) => ({ name: `p${i}`, type: int }));
    const proto = builder.add({ kind: "func_proto", name: "", returns: int, params });
    builder.add({ kind: "func", name: "wake", type: proto, linkage: "static" });
    if (options.extra) builder.add({ kind: "struct", name: "new_one", size: 0, members: [] });
  });
}

const OLD = { pid: "int", extra: false, last: 1, params: 1 } as const;

describe("names by pattern", () => {
  const btf = sample(OLD);
  const names = (pattern: string): string[] => [...findNames(btf, pattern)].map(({ kind, name }) => `${kind} ${name}`);

  test("types, functions, enumerators and members, those of structs without a name by the struct around them", () => {
    assert.deepEqual(names("task"), ["struct task"]);
    assert.deepEqual(names("t*"), ["struct task", "member task.tid"]);
    assert.deepEqual(names("wake"), ["func wake"]);
    assert.deepEqual(names("RUNNING"), ["enumerator RUNNING"]);
    assert.deepEqual(names("tid"), ["member task.tid"]);
    assert.deepEqual(names("value"), ["member task.regs[].value", "member element_t.value"]);
    assert.deepEqual(names("nothing"), []);
  });

  test("a pattern with a dot means members by their paths", () => {
    assert.deepEqual(names("task.p*"), ["member task.pid"]);
    assert.deepEqual(names("t*.regs[].value"), ["member task.regs[].value"]);
    assert.deepEqual(names("wake.*"), []);
  });

  test("a place has what a reader asks for", () => {
    const [flags] = findNames(btf, "flags");
    assert.deepEqual(
      { ...flags, id: 0 },
      { kind: "member", name: "task.flags", id: 0, type: "int", size: 4, bitOffset: 68, bitSize: 3 },
    );
    const [wake] = findNames(btf, "wake");
    assert.equal(wake?.type, "int wake(int p0)");
    const [last] = findNames(btf, "LAST");
    assert.equal(last?.value, 1);
    assert.equal(last?.type, "enum state");
  });
});

describe("what differs between two BTFs", () => {
  test("nothing between two that say the same in another order", () => {
    assert.deepEqual(diffBtf(sample(OLD), sample(OLD)), []);
    const swapped = made((builder, int) => {
      builder.add({ kind: "typedef", name: "b", type: int });
      builder.add({ kind: "typedef", name: "a", type: int });
    });
    const straight = made((builder, int) => {
      builder.add({ kind: "typedef", name: "a", type: int });
      builder.add({ kind: "typedef", name: "b", type: int });
    });
    assert.deepEqual(diffBtf(swapped, straight), []);
  });

  test("sizes, members, values, prototypes, and what was added", () => {
    const place = (type: string, bitOffset: number) => ({ type, bitOffset, bitSize: 0 });
    const none = { size: undefined, members: [], values: [], declaration: undefined };
    assert.deepEqual(diffBtf(sample(OLD), sample({ pid: "long", extra: true, last: 2, params: 2 })), [
      { kind: "struct", name: "new_one", change: "added" },
      {
        ...none,
        kind: "struct",
        name: "task",
        change: "changed",
        size: { before: 24, after: 32 },
        members: [
          { name: "pid", before: place("int", 0), after: place("long", 0) },
          { name: "extra", before: undefined, after: place("int", 192) },
        ],
      },
      { ...none, kind: "enum", name: "state", change: "changed", values: [{ name: "LAST", before: 1, after: 2 }] },
      {
        ...none,
        kind: "func",
        name: "wake",
        change: "changed",
        declaration: { before: "int wake(int p0)", after: "int wake(int p0, int p1)" },
      },
    ]);
  });

  test("only names that fit, and removed ones", () => {
    const later = sample({ pid: "int", extra: true, last: 1, params: 1 });
    assert.deepEqual(diffBtf(later, sample(OLD), { fits: (name) => name === "new_one" }), [
      { kind: "struct", name: "new_one", change: "removed" },
    ]);
  });

  test("of a name with two definitions those that are alike on both sides are left out", () => {
    const twice = made((builder, int) => {
      const long = builder.add(LONG);
      builder.append({ kind: "typedef", name: "both", type: int });
      builder.append({ kind: "typedef", name: "both", type: long });
    });
    const once = made((builder, int) => builder.append({ kind: "typedef", name: "both", type: int }));
    assert.deepEqual(diffBtf(once, twice, { fits: (name) => name === "both" }), [
      { kind: "typedef", name: "both", change: "added" },
    ]);
  });
});

test("structs that hold each other twice, thirty deep, end in an error and not in a hang", () => {
  const hostile = made((builder, int) => {
    let inner = int;
    for (let depth = 0; depth < 30; depth++) {
      const members = [0, 1].map(() => ({ name: depth === 0 ? "a" : "", type: inner, bitOffset: 0, bitSize: 0 }));
      inner = builder.append({ kind: "struct", name: depth === 29 ? "outer" : "", size: 4, members });
    }
  });
  assert.throws(() => [...findNames(hostile, "*a*")], FormatError);
  assert.throws(() => diffBtf(hostile, hostile), FormatError);
});
