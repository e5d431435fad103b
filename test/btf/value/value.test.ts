import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Btf, BtfBuilder, compileReader, compileWriter, type NewBtfType, type TypeId } from "../../../src/btf/index.ts";
import { FormatError, UsageError } from "../../../src/errors/index.ts";
import { parseHex } from "../../../src/layout/index.ts";
import { everyKind, int, member } from "../samples.ts";

function make(build: (b: BtfBuilder) => TypeId, little = true): { btf: Btf; id: TypeId } {
  const b = new BtfBuilder({ little });
  const id = build(b);
  return { btf: Btf.parse(b.encode()), id };
}
function viewOf(hex: string): DataView {
  const data = parseHex(hex.replaceAll(" ", "")) as Uint8Array;
  return new DataView(data.buffer, data.byteOffset, data.byteLength);
}
const hexOf = (view: DataView): string => Buffer.from(view.buffer, view.byteOffset, view.byteLength).toString("hex");

/** A type on its own: builder, bytes, value. Both directions must agree. */
const plain: [name: string, type: NewBtfType, little: string, big: string, value: unknown][] = [
  ["u8", int("u8", 1), "ff", "ff", 255],
  ["s8", int("s8", 1, { signed: true }), "ff", "ff", -1],
  ["u16", int("u16", 2), "0102", "0201", 0x201],
  ["s16", int("s16", 2, { signed: true }), "feff", "fffe", -2],
  ["u32", int("u32", 4), "ffffffff", "ffffffff", 0xffffffff],
  ["s32", int("s32", 4, { signed: true }), "fdffffff", "fffffffd", -3],
  ["u64", int("u64", 8), "0100000000000080", "8000000000000001", 0x8000000000000001n],
  ["s64", int("s64", 8, { signed: true }), "ffffffffffffffff", "ffffffffffffffff", -1n],
  ["u128", int("u128", 16), `01${"00".repeat(14)}80`, `80${"00".repeat(14)}01`, (0x80n << 120n) | 1n],
  ["s128", int("s128", 16, { signed: true }), `fe${"ff".repeat(15)}`, `${"ff".repeat(15)}fe`, -2n],
  ["bool", int("_Bool", 1, { bool: true }), "01", "01", true],
  ["float", { kind: "float", name: "float", size: 4 }, "0000c03f", "3fc00000", 1.5],
  ["double", { kind: "float", name: "double", size: 8 }, "000000000000f8bf", "bff8000000000000", -1.5],
  ["long double", { kind: "float", name: "long double", size: 2 }, "0102", "0102", Uint8Array.of(1, 2)],
  ["pointer", { kind: "ptr", name: "", type: 0 }, "0100000000000000", "0000000000000001", 1n],
  [
    "an INT of 5 bits at bit 3",
    { ...(int("odd", 2) as object), bitOffset: 3, bits: 5 } as NewBtfType,
    "f800",
    "1f00",
    31,
  ],
  [
    "an INT of 4 bits at bit 9",
    { ...(int("odd", 2, { signed: true }) as object), bitOffset: 9, bits: 4 } as NewBtfType,
    "001e",
    "0078",
    -1,
  ],
];

describe("values of one type", () => {
  for (const [name, type, little, big, value] of plain) {
    test(name, () => {
      for (const [order, hex] of [
        [true, little],
        [false, big],
      ] as const) {
        const { btf, id } = make((b) => b.add({ kind: "const", name: "", type: b.add(type) }), order);
        const view = viewOf(hex);
        assert.deepEqual(compileReader(btf, id)(view, 0), value);
        const out = new DataView(new ArrayBuffer(view.byteLength + 2));
        compileWriter(btf, id)(out, 1, value);
        assert.equal(hexOf(out), `00${hex}00`);
      }
    });
  }

  test("enums read as numbers or as names, and are written from both", () => {
    const { btf, ids } = everyKind();
    const color = ids.enum as number;
    const wide = ids.enum64 as number;
    assert.equal(compileReader(btf, color)(viewOf("ffffffff"), 0), -1);
    assert.equal(compileReader(btf, color, { enums: "names" })(viewOf("ffffffff"), 0), "RED");
    assert.equal(compileReader(btf, color, { enums: "names" })(viewOf("07000000"), 0), 7);
    assert.equal(compileReader(btf, wide)(viewOf("f0ffffffffffffff"), 0), 0xfffffffffffffff0n);
    assert.equal(compileReader(btf, wide, { enums: "names" })(viewOf("f0ffffffffffffff"), 0), "TOP");
    const view = new DataView(new ArrayBuffer(8));
    compileWriter(btf, color)(view, 0, "GREEN");
    assert.equal(view.getUint32(0, true), 2);
    compileWriter(btf, wide)(view, 0, "TOP");
    assert.equal(view.getBigUint64(0, true), 0xfffffffffffffff0n);
    assert.throws(() => compileWriter(btf, color)(view, 0, "BLUE"), /color: enum color has no enumerator "BLUE"/);
  });

  test("char arrays are text, as long as they are", () => {
    const { btf, ids } = everyKind();
    const text = ids.text as number;
    const read = compileReader(btf, text);
    assert.equal(read(viewOf("6162 00 63".padEnd(34, "0")), 0), "ab");
    assert.equal(read(viewOf("61".repeat(16)), 0), "a".repeat(16));
    assert.equal(read(viewOf("c3a4efbbbf".padEnd(32, "0")), 0), "ä\ufeff");
    assert.deepEqual(read(viewOf("ff".padEnd(32, "0")), 0), Uint8Array.from([255, ...Array<number>(15).fill(0)]));
    const write = compileWriter(btf, text);
    const view = viewOf("ff".repeat(16));
    write(view, 0, "hé");
    assert.equal(hexOf(view), "68c3a9".padEnd(32, "0"));
    write(view, 0, Uint8Array.of(255, 0, 254));
    assert.equal(hexOf(view), "ff00fe".padEnd(32, "0"));
    assert.throws(() => write(view, 0, "é".repeat(9)), /\(18 bytes\) does not fit into char\[16\]/);
    assert.throws(() => write(view, 0, "a\0b"), /NUL/);
  });
});

describe("values of structs", () => {
  const build = (b: BtfBuilder): TypeId => {
    const u8 = b.add({ kind: "typedef", name: "u8", type: b.add(int("unsigned char", 1)) });
    const u16 = b.add({ kind: "typedef", name: "u16", type: b.add(int("unsigned short", 2)) });
    const i32 = b.add(int("int", 4, { signed: true }));
    const bool = b.add(int("_Bool", 1, { bool: true }));
    const ports = b.add({ kind: "array", name: "", type: u16, indexType: i32, length: 2 });
    const grid = b.add({ kind: "array", name: "", type: ports, indexType: i32, length: 2 });
    const flexible = b.add({ kind: "array", name: "", type: u16, indexType: i32, length: 0 });
    const either = b.add({ kind: "union", name: "", size: 4, members: [member("i", i32, 0), member("b", u8, 0)] });
    const inner = b.add({ kind: "struct", name: "", size: 8, members: [member("x", i32, 0), member("", either, 32)] });
    return b.add({
      kind: "struct",
      name: "event",
      size: 24,
      members: [
        member("ports", ports, 0),
        member("grid", grid, 32),
        member("", inner, 96),
        member("low", i32, 160, 3),
        member("high", i32, 163, 7),
        member("on", bool, 170, 1),
        member("tail", flexible, 192),
      ],
    });
  };
  const value = {
    ports: [1, 2],
    grid: [
      [3, 4],
      [5, 6],
    ],
    x: -7,
    i: 0x01020304,
    b: 4,
    low: -4,
    high: 33,
    on: true,
    tail: [],
  };

  test("members of anonymous ones belong to the struct; bitfields of both byte orders", () => {
    const little = make(build);
    const big = make(build, false);
    const littleHex = "0100 0200 0300 0400 0500 0600 f9ffffff 04030201 0c 05 0000".replaceAll(" ", "");
    assert.deepEqual(compileReader(little.btf, little.id)(viewOf(littleHex), 0), value);
    const bigHex = "0001 0002 0003 0004 0005 0006 fffffff9 04020304 88 60 0000".replaceAll(" ", "");
    assert.deepEqual(compileReader(big.btf, big.id)(viewOf(bigHex), 0), { ...value, i: 0x04020304, b: 4 });
    const out = new DataView(new ArrayBuffer(24));
    compileWriter(little.btf, little.id)(out, 0, value);
    assert.equal(hexOf(out), littleHex);
    compileWriter(big.btf, big.id)(out, 0, { ...value, i: 0x04020304 });
    assert.equal(hexOf(out), bigHex);
  });

  test("what is left out is zero", () => {
    const { btf, id } = make(build);
    const view = viewOf("ff".repeat(24));
    compileWriter(btf, id)(view, 0, { ports: [9], x: undefined });
    assert.equal(hexOf(view), "0900".padEnd(48, "0"));
  });

  const wrong: [value: unknown, message: string][] = [
    [{ ports: [1, 70000] }, "event.ports[1]: 70000 does not fit into u16"],
    [{ grid: [[1], [1, -1]] }, "event.grid[1][1]: -1 does not fit into u16"],
    [{ ports: [1, 2, 3] }, "event.ports: 3 elements do not fit into u16[2]"],
    [{ ports: 1 }, "event.ports: u16[2] needs an array, not 1"],
    [{ prots: [1] }, "event: struct event has no member \"prots\"; did you mean 'ports'?"],
    [{ x: 1.5 }, "event.x: int needs an integer, not 1.5"],
    [{ x: "1" }, 'event.x: int needs an integer, not "1"'],
    [{ x: null }, "event.x: int needs an integer, not null"],
    [{ x: 1n << 40n }, "event.x: 1099511627776 does not fit into int"],
    [{ low: 4 }, "event.low: 4 does not fit into 3 bits of int"],
    [{ on: 2 }, "event.on: 2 is neither true nor false"],
    [{ tail: [1] }, "event.tail: 1 elements do not fit into u16[0]"],
    [5, "event: struct event needs an object, not 5"],
  ];
  for (const [given, message] of wrong) {
    test(message, () => {
      const { btf, id } = make(build);
      const view = new DataView(new ArrayBuffer(24));
      assert.throws(
        () => compileWriter(btf, id)(view, 0, given),
        (error) => error instanceof UsageError && error.message === message,
      );
    });
  }

  test("the caller may name the value, and may not run past the view", () => {
    const { btf, id } = make(build);
    const write = compileWriter(btf, id, { name: "config" });
    const view = new DataView(new ArrayBuffer(24));
    assert.throws(() => write(view, 0, { x: true }), /^UsageError: config\.x: .* needs an integer, not true/);
    assert.throws(() => write(view, 1, {}), /struct event takes 24 bytes, but the view has only 23 from offset 1 on$/);
    assert.throws(() => compileReader(btf, id)(view, -1), UsageError);
  });

  test("numbers that are exact do for bigints, others do not", () => {
    const { btf, id } = make((b) => b.add(int("u64", 8)));
    const view = new DataView(new ArrayBuffer(8));
    const write = compileWriter(btf, id);
    write(view, 0, 2 ** 53 - 1);
    assert.equal(view.getBigUint64(0, true), 2n ** 53n - 1n);
    assert.throws(() => write(view, 0, 2 ** 53), /use a bigint/);
    assert.throws(() => write(view, 0, -1), /does not fit into u64$/);
    assert.throws(() => write(view, 0, 1n << 64n), /does not fit into u64$/);
  });

  test("a DATASEC is an object of its variables", () => {
    const { btf, ids } = everyKind();
    const id = ids.datasec as number;
    const view = viewOf("0500000000000000");
    assert.deepEqual(compileReader(btf, id)(view, 0), { counter: 5n });
    compileWriter(btf, id)(view, 0, { counter: 6 });
    assert.equal(view.getBigInt64(0, true), 6n);
  });

  test("a member called __proto__ is a member", () => {
    const { btf, id } = make((b) => {
      const u8 = b.add(int("u8", 1));
      const inner = b.add({ kind: "struct", name: "i", size: 1, members: [member("polluted", u8, 0)] });
      return b.add({ kind: "struct", name: "s", size: 1, members: [member("__proto__", inner, 0)] });
    });
    const value = compileReader(btf, id)(viewOf("01"), 0) as object;
    assert.equal(Object.getPrototypeOf(value), Object.prototype);
    assert.deepEqual(Object.keys(value), ["__proto__"]);
    const view = new DataView(new ArrayBuffer(1));
    compileWriter(btf, id)(view, 0, value);
    assert.equal(view.getUint8(0), 1);
  });
});

describe("types that have no values, or too many", () => {
  const cases: [string, (b: BtfBuilder) => TypeId, RegExp][] = [
    ["void", () => 0, /has no values/],
    ["a forward declaration", (b) => b.add({ kind: "fwd", name: "f", union: false }), /has no values/],
    [
      "a struct within itself",
      (b) => b.append({ kind: "struct", name: "s", size: 4, members: [member("s", 1, 0)] }),
      /32 types deep/,
    ],
    [
      "a member past the end",
      (b) => b.add({ kind: "struct", name: "s", size: 4, members: [member("x", b.add(int("u32", 4)), 8)] }),
      /type 2 has the member x that ends past the type's 4 bytes/,
    ],
    [
      "a bitfield past the end",
      (b) => b.add({ kind: "struct", name: "s", size: 1, members: [member("x", b.add(int("u32", 4)), 6, 3)] }),
      /type 2 has the member x that ends past the type's 1 bytes/,
    ],
    [
      "a bitfield wider than its type",
      (b) => b.add({ kind: "struct", name: "s", size: 8, members: [member("x", b.add(int("u8", 1)), 0, 9)] }),
      /9 bits in 1 bytes/,
    ],
    [
      "a pointer at an odd bit",
      (b) =>
        b.add({
          kind: "struct",
          name: "s",
          size: 16,
          members: [member("x", b.add({ kind: "float", name: "d", size: 8 }), 1)],
        }),
      /type 2 has the member x at bit 1, but only an integer can be a bitfield/,
    ],
    [
      "a million empty structs",
      (b) =>
        b.add({
          kind: "array",
          name: "",
          type: b.add({ kind: "struct", name: "e", size: 0, members: [] }),
          indexType: 0,
          length: 1_000_000,
        }),
      /contains 1000001 values in only 0 bytes/,
    ],
    [
      "a tower of unions",
      (b) => {
        let id = b.add(int("u8", 1));
        for (let i = 0; i < 30; i++)
          id = b.add({ kind: "union", name: `u${i}`, size: 1, members: [member("a", id, 0), member("b", id, 0)] });
        return id;
      },
      /contains \d+ values in only 1 bytes/,
    ],
    [
      "a tower of anonymous unions",
      (b) => {
        let id = b.add({ kind: "struct", name: "", size: 1, members: [member("x", b.add(int("u8", 1)), 0)] });
        for (let i = 0; i < 30; i++)
          id = b.add({ kind: "union", name: "", size: 1, members: [member("", id, 0), member("", id, 0)] });
        return id;
      },
      /contains \d+ values in only 1 bytes/,
    ],
  ];
  for (const [what, build, message] of cases) {
    test(what, () => {
      const { btf, id } = make(build);
      for (const compile of [compileReader, compileWriter]) {
        assert.throws(
          () => compile(btf, id),
          (error) => error instanceof FormatError && message.test(error.message),
        );
      }
    });
  }
});
