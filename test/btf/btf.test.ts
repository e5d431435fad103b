import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { Btf, BtfBuilder, BtfKind, type NewBtfType } from "../../src/btf/index.ts";
import { FormatError } from "../../src/errors/index.ts";
import { blobOf, everyKind, info, int, member } from "./samples.ts";

const STRINGS = "\0int\0a\0point\0";
// int (4 bytes, signed), struct point { int a; }
const WORDS = [1, info(1), 4, 0x01000020, 7, info(4, 1), 4, 5, 1, 0];

describe("Btf.parse", () => {
  for (const little of [true, false]) {
    test(`reads a blob given by its bytes, ${little ? "little" : "big"}-endian, aligned or not`, () => {
      const data = blobOf(WORDS, STRINGS, little);
      const moved = new Uint8Array(data.length + 1);
      moved.set(data, 1);
      for (const bytes of [data, moved.subarray(1)]) {
        const btf = Btf.parse(bytes);
        assert.equal(btf.little, little);
        assert.equal(btf.endId, 3);
        assert.deepEqual([...btf.ids()], [1, 2]);
        assert.deepEqual(btf.type(1), {
          kind: "int",
          id: 1,
          name: "int",
          size: 4,
          signed: true,
          char: false,
          bool: false,
          bitOffset: 0,
          bits: 32,
        });
        assert.deepEqual(btf.type(2), {
          kind: "struct",
          id: 2,
          name: "point",
          size: 4,
          members: [{ name: "a", type: 1, bitOffset: 0, bitSize: 0 }],
        });
        assert.equal(btf.kind(2), BtfKind.STRUCT);
        assert.equal(btf.vlen(2), 1);
        assert.equal(btf.name(0), "");
        assert.equal(btf.type(0).kind, "void");
        assert.equal(btf.type(2), btf.type(2));
      }
    });
  }

  const damaged: [string, (data: Uint8Array, view: DataView) => void, RegExp][] = [
    ["the magic", (data) => data.fill(0, 0, 1), /magic/],
    ["the version", (data) => data.fill(2, 2, 3), /version 2/],
    ["the header length", (_, view) => view.setUint32(4, 20, true), /header length 20/],
    ["a type section past the strings", (_, view) => view.setUint32(12, 44, true), /runs into/],
    ["a type section that is cut", (_, view) => view.setUint32(12, 36, true), /ends past/],
    ["a type section that ends in a type", (_, view) => view.setUint32(12, 20, true), /in the middle/],
    ["strings past the end", (_, view) => view.setUint32(20, 99, true), /past the blob/],
    ["strings without a NUL", (data) => data.fill(65, data.length - 1), /NUL/],
    ["a first string", (data) => data.fill(65, 64, 65), /base BTF is missing/],
    ["an unknown kind", (_, view) => view.setUint32(28, info(25), true), /unknown kind 25/],
    ["kind 0", (_, view) => view.setUint32(28, 0, true), /unknown kind 0/],
    ["a giant vlen", (_, view) => view.setUint32(44, info(4, 0xffffff), true), /ends past/],
  ];
  for (const [what, damage, message] of damaged) {
    test(`refuses ${what}`, () => {
      const data = blobOf(WORDS, STRINGS);
      damage(data, new DataView(data.buffer));
      assert.throws(
        () => Btf.parse(data),
        (error) => error instanceof FormatError && message.test(error.message),
      );
    });
  }

  test("names the type and its place where a reference or a name is out of range", () => {
    const reference = Btf.parse(blobOf([0, info(2), 9], "\0"), { source: "x.o" });
    assert.throws(() => reference.type(1), /^FormatError: x\.o at offset 0x18: type 1 refers to type 9/);
    const name = Btf.parse(blobOf([5, info(2), 0], "\0"));
    assert.throws(() => name.type(1), FormatError);
    assert.throws(() => name.kind(2), /no type 2/);
    assert.throws(() => name.kind(-1), FormatError);
    assert.throws(() => name.kind(Number.NaN), FormatError);
  });

  test("a section that describes kinds makes unknown ones skippable", () => {
    const plain = blobOf([0, info(22, 2), 0, 1, 2, 3, 4, 1, info(1), 4, 0x20], "\0int\0");
    const layout = new Uint8Array(4 * 23);
    layout[4 * 22 + 1] = 8; // two words for each of vlen
    const data = new Uint8Array(plain.length + 8 + layout.length);
    data.set(plain.subarray(0, 24));
    data.set(plain.subarray(24, 24 + 44), 32);
    data.set(layout, 32 + 44);
    data.set(plain.subarray(68), 32 + 44 + layout.length);
    const view = new DataView(data.buffer);
    view.setUint32(4, 32, true);
    view.setUint32(16, 44 + layout.length, true);
    view.setUint32(24, 44, true);
    view.setUint32(28, layout.length, true);
    const btf = Btf.parse(data);
    assert.equal(btf.endId, 3);
    assert.equal(btf.name(2), "int");
    assert.throws(() => btf.type(1), /unknown kind 22/);
    assert.throws(() => Btf.parse(plain), /unknown kind 22/);
  });
});

describe("finding by name", () => {
  // Duplicate strings, and a name that is the tail of another: "task" at 1, 13 and 8.
  const btf = Btf.parse(
    blobOf(
      [
        ...[1, info(7), 0], // 1: fwd task
        ...[13, info(4), 0], // 2: struct task
        ...[8, info(5), 0], // 3: union task
        ...[6, info(4), 0], // 4: struct a_task
        ...[18, info(4), 0], // 5: struct task___old
        ...[29, info(4), 0], // 6: struct task____bad (four underscores are no flavour)
        ...[0, info(4), 0], // 7: anonymous
        ...[40, info(4), 0], // 8: struct task___v1___v2
      ],
      "\0task\0a_task\0task\0task___old\0task____bad\0task___v1___v2\0".replace("task____bad", "task____ba"),
    ),
  );
  for (const [how, rounds] of [
    ["by scanning", 1],
    ["by the index", 40],
  ] as const) {
    test(how, () => {
      for (let i = 0; i < rounds; i++) {
        assert.deepEqual(btf.findAll("task"), [1, 2, 3]);
        assert.equal(btf.find("task"), 1);
        assert.equal(btf.find("task", BtfKind.UNION), 3);
        assert.equal(btf.find("task", BtfKind.STRUCT, BtfKind.UNION), 2);
        assert.equal(btf.find("tas"), undefined);
        assert.equal(btf.find("task___old"), 5);
        assert.deepEqual(btf.findByEssentialName("task"), [1, 2, 3, 5]);
        assert.deepEqual(btf.findByEssentialName("task___v1"), [8]);
        assert.deepEqual(btf.findByEssentialName("a_task"), [4]);
        assert.deepEqual(btf.findAll(""), []);
      }
    });
  }

  test("scan and index agree about any underscores", () => {
    const names = fc.array(fc.stringMatching(/^[ab_]{1,9}$/), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(names, (list) => {
        const builder = new BtfBuilder();
        for (const name of list) builder.append({ kind: "fwd", name, union: false });
        const indexed = Btf.parse(builder.encode());
        for (let i = 0; i < 40; i++) indexed.findAll("a");
        for (const name of list) {
          const scanned = Btf.parse(indexed.data);
          assert.deepEqual(indexed.findAll(name), scanned.findAll(name));
          assert.deepEqual(indexed.findByEssentialName(name), scanned.findByEssentialName(name));
        }
      }),
    );
  });

  test("split BTF goes on where its base ends, and shares its strings", () => {
    const { btf: base, ids } = everyKind();
    const builder = new BtfBuilder({ base });
    const twin = builder.append({ kind: "struct", name: "event", size: 0, members: [] });
    const own = builder.append({ kind: "typedef", name: "mine", type: ids.event as number });
    const split = Btf.parse(builder.encode(), { base });
    assert.equal(split.firstId, base.endId);
    assert.deepEqual(split.findAll("event"), [ids.event, twin]);
    assert.equal(split.find("mine"), own);
    assert.equal(split.nameOffset(twin), base.nameOffset(ids.event as number));
    assert.equal(split.resolve(own), ids.event);
    assert.equal(split.sizeOf(own), 32);
    for (let i = 0; i < 40; i++) assert.deepEqual(split.findAll("event"), [ids.event, twin]);
    assert.deepEqual([...split.ids()], [twin, own]);
    assert.throws(() => Btf.parse(builder.encode()), /base BTF is missing/);
  });
});

describe("sizes and alignments", () => {
  const { btf, ids } = everyKind();
  const id = (key: string) => ids[key] as number;
  for (const [key, size, align] of [
    ["int", 4, 4],
    ["ptr", 8, 8],
    ["text", 16, 1],
    ["event", 32, 8],
    ["union", 8, 8],
    ["enum64", 8, 8],
    ["restrict", 4, 4],
    ["type_tag", 4, 4],
    ["float", 8, 8],
  ] as const) {
    test(key, () => {
      assert.equal(btf.sizeOf(id(key)), size);
      assert.equal(btf.alignOf(id(key)), align);
    });
  }
  for (const key of ["fwd", "func", "func_proto"]) {
    test(`${key} has none`, () => {
      assert.throws(() => btf.sizeOf(id(key)), /has no size/);
      assert.throws(() => btf.alignOf(id(key)), /has no alignment/);
    });
  }
  test("a size that does not exist: the message names the struct that is only declared", () => {
    const b = new BtfBuilder();
    const hidden = b.append({ kind: "fwd", name: "hidden", union: false });
    const other = b.append({ kind: "fwd", name: "other", union: true });
    const constant = b.append({ kind: "const", name: "", type: hidden });
    const alias = b.append({ kind: "typedef", name: "hidden_t", type: constant });
    const array = b.append({ kind: "array", name: "", type: other, indexType: hidden, length: 2 });
    const btf = Btf.parse(b.encode());
    for (const [type, problem] of [
      [hidden, "struct hidden is only declared, not defined"],
      [alias, "struct hidden is only declared, not defined"],
      [array, "union other is only declared, not defined"],
      [0, "it is void"],
    ] as const) {
      assert.throws(
        () => btf.sizeOf(type),
        (error) => error instanceof FormatError && error.message.endsWith(`type ${type} has no size: ${problem}`),
        problem,
      );
    }
  });
  test("a packed struct is aligned to 1, and 32-bit pointers are told by long", () => {
    const b = new BtfBuilder();
    const long = b.add(int("long", 4));
    const ptr = b.add({ kind: "ptr", name: "", type: 0 });
    const packed = b.add({ kind: "struct", name: "p", size: 5, members: [member("x", long, 8)] });
    const btf32 = Btf.parse(b.encode());
    assert.equal(btf32.sizeOf(ptr), 4);
    assert.equal(btf32.alignOf(packed), 1);
  });
});

describe("types that never end", () => {
  const make = (...types: NewBtfType[]): Btf => {
    const b = new BtfBuilder();
    for (const type of types) b.append(type);
    return Btf.parse(b.encode());
  };
  test("a cycle of modifiers", () => {
    const btf = make({ kind: "const", name: "", type: 2 }, { kind: "typedef", name: "t", type: 1 });
    assert.throws(() => btf.resolve(1), FormatError);
    assert.throws(() => btf.sizeOf(1), FormatError);
    assert.throws(() => btf.alignOf(1), FormatError);
  });
  test("an array of itself, and one above 2^53 bytes", () => {
    assert.throws(() => make({ kind: "array", name: "", type: 1, indexType: 1, length: 1 }).sizeOf(1), FormatError);
    const big = make(
      int("u8", 1),
      { kind: "array", name: "", type: 1, indexType: 1, length: 0xffffffff },
      { kind: "array", name: "", type: 2, indexType: 1, length: 0xffffffff },
    );
    assert.equal(big.sizeOf(2), 0xffffffff);
    assert.throws(() => big.sizeOf(3), /larger than 2\^53/);
  });
  test("a struct within itself, and a tower of structs that double", () => {
    const self = make({ kind: "struct", name: "s", size: 8, members: [member("a", 1, 0), member("b", 1, 0)] });
    assert.throws(() => self.alignOf(1), FormatError);
    const tower = [int("u8", 1)];
    for (let i = 1; i <= 30; i++) {
      tower.push({ kind: "struct", name: `s${i}`, size: 8, members: [member("a", i, 0), member("b", i, 0)] });
    }
    assert.equal(make(...tower).alignOf(31), 1);
  });
});
