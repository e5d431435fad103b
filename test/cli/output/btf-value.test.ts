import assert from "node:assert/strict";
import { test } from "node:test";
import { Btf, BtfBuilder } from "../../../src/btf/index.ts";
import { btfValue } from "../../../src/cli/output/btf-value.ts";
import { formatJson } from "../../../src/cli/output/json-writer.ts";

const plain = { signed: false, char: false, bool: false, bitOffset: 0 };

test("values by BTF are written as bpftool's btf_dumper does", () => {
  const builder = new BtfBuilder();
  const int = builder.add({ kind: "int", name: "int", size: 4, bits: 32, ...plain, signed: true });
  const u64 = builder.add({ kind: "int", name: "u64", size: 8, bits: 64, ...plain });
  const wide = builder.add({ kind: "int", name: "u128", size: 16, bits: 128, ...plain });
  const char = builder.add({ kind: "int", name: "char", size: 1, bits: 8, ...plain, signed: true });
  const letter = builder.add({ kind: "int", name: "letter", size: 1, bits: 8, ...plain, char: true });
  const bool = builder.add({ kind: "int", name: "bool", size: 1, bits: 8, ...plain, bool: true });
  const pointer = builder.add({ kind: "ptr", name: "", type: int });
  const text = builder.add({ kind: "array", name: "", type: char, indexType: int, length: 4 });
  const double = builder.add({ kind: "float", name: "double", size: 8 });
  const color = builder.add({
    kind: "enum",
    name: "color",
    size: 4,
    signed: true,
    values: [
      { name: "RED", value: 0 },
      { name: "NONE", value: -1 },
    ],
  });
  const member = (name: string, type: number, bitOffset: number, bitSize = 0) => ({ name, type, bitOffset, bitSize });
  const fields = builder.add({
    kind: "struct",
    name: "fields",
    size: 8,
    members: [member("a", int, 0, 3), member("b", int, 3, 7), member("c", int, 32)],
  });
  const btf = Btf.parse(builder.encode(), { source: "test" });
  const bytes = (...values: number[]): number[] => values;
  const cases: [number, number[], string, string?][] = [
    [int, bytes(0xff, 0xff, 0xff, 0xff), "-1"],
    [u64, Array(8).fill(0xff), "18446744073709551615"],
    [wide, [1, ...Array(7).fill(0), 2, ...Array(7).fill(0)], '"0x20000000000000001"', "0x20000000000000001"],
    [letter, [0x41], '"A"'],
    [letter, [0x22], '"\\""'],
    [letter, [0x1f], '"\\u001f"', "0x1f"],
    [bool, [2], "true"],
    [pointer, [0x10, ...Array(7).fill(0)], "16", '"0x10"'],
    [pointer, Array(8).fill(0), "0", '"(nil)"'],
    [text, [0x68, 0x69, 0, 0xff], '"hi"'],
    [text, [0x68, 0x69, 0x68, 0x69], "[104,105,104,105]"],
    [text, [0x68, 0x07, 0, 0], "[104,7,0,0]"],
    [double, [0, 0, 0, 0, 0, 0, 0xf8, 0x3f], "1.5"],
    [color, [0, 0, 0, 0], '"RED"'],
    [color, [0xff, 0xff, 0xff, 0xff], '"NONE"'],
    [color, [7, 0, 0, 0], "7"],
    [fields, [0b10101101, 0b10, 0, 0, 5, 0, 0, 0], '{"a":"0x5","b":"0x55","c":5}', '{"a":0x5,"b":0x55,"c":5}'],
  ];
  for (const [type, data, json, asText = json] of cases) {
    const view = new DataView(Uint8Array.from(data).buffer);
    assert.equal(formatJson(btfValue(btf, type, view, 0, false)), json);
    assert.equal(formatJson(btfValue(btf, type, view, 0, true)), asText);
  }
  // A value that the map is too short for.
  assert.equal(btfValue(btf, u64, new DataView(new ArrayBuffer(4)), 0, false), null);
});

test("a type with more values than bytes is not walked: the text says so", () => {
  const builder = new BtfBuilder();
  const u32 = builder.add({ kind: "int", name: "u32", size: 4, bits: 32, ...plain });
  const empty = builder.append({ kind: "struct", name: "e0", size: 0, members: [] });
  const many = builder.append({ kind: "array", name: "", type: empty, indexType: u32, length: 2_000_000_000 });
  let tower = empty;
  for (let i = 1; i <= 28; i++) {
    const members = ["a", "b"].map((name) => ({ name, type: tower, bitOffset: 0, bitSize: 0 }));
    tower = builder.append({ kind: "struct", name: `e${i}`, size: 0, members });
  }
  const wide = builder.append({
    kind: "struct",
    name: "wide",
    size: 0xffff_ffff,
    members: Array.from({ length: 1000 }, (_, i) => ({ name: `m${i}`, type: tower, bitOffset: 0, bitSize: 0 })),
  });
  const self = builder.reserve();
  builder.set(self, {
    kind: "struct",
    name: "self",
    size: 4,
    members: ["a", "b"].map((name) => ({ name, type: self, bitOffset: 0, bitSize: 0 })),
  });
  const value = builder.append({
    kind: "struct",
    name: "value",
    size: 4,
    members: [
      { name: "x", type: u32, bitOffset: 0, bitSize: 0 },
      { name: "big", type: many, bitOffset: 32, bitSize: 0 },
    ],
  });
  const late = builder.append({
    kind: "struct",
    name: "late",
    size: 4,
    members: [{ name: "x", type: u32, bitOffset: 32, bitSize: 0 }],
  });
  const btf = Btf.parse(builder.encode(), { source: "test" });
  const view = new DataView(new ArrayBuffer(4));
  const cases: readonly [id: number, text: RegExp][] = [
    [many, /^"type \d+ contains 2000000001 values in only 0 bytes"$/],
    [value, /^"type \d+ contains 2000000001 values in only 0 bytes"$/],
    [tower, /^"type \d+ contains \d+ values in only 0 bytes"$/],
    [wide, /^"type \d+ contains \d+ values in only 0 bytes"$/],
    [self, /^"type \d+ nests more than 32 types deep"$/],
    [late, /^null$/],
  ];
  for (const [id, text] of cases) {
    for (const style of [true, false]) {
      assert.match(formatJson(btfValue(btf, id, view, 0, style), style), text);
    }
  }
  assert.equal(formatJson(btfValue(btf, u32, view, 0, false)), "0");
});
