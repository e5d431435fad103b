import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Btf, type BtfFeatures, sanitizeBtf } from "../../src/btf/index.ts";
import { everyKind } from "./samples.ts";

const ALL: BtfFeatures = {
  func: true,
  datasec: true,
  funcGlobal: true,
  float: true,
  declTag: true,
  typeTag: true,
  enum64: true,
  questionMarkDatasec: true,
  layout: true,
};

describe("sanitizeBtf", () => {
  const { btf, ids } = everyKind();
  const id = (key: string) => ids[key] as number;
  const without = (...features: (keyof BtfFeatures)[]): Btf =>
    Btf.parse(sanitizeBtf(btf, { ...ALL, ...Object.fromEntries(features.map((feature) => [feature, false])) }));

  test("a kernel that knows all gets the same bytes", () => {
    assert.deepEqual(sanitizeBtf(btf, ALL), btf.data);
  });

  const BYTE = { kind: "int", size: 1, signed: false, char: false, bool: false, bitOffset: 0, bits: 8 };
  const cases: [keyof BtfFeatures, string, object][] = [
    ["func", "func", { kind: "typedef", name: "main" }],
    ["func", "func_proto", { kind: "enum", size: 4, signed: false }],
    ["funcGlobal", "func", { kind: "func", linkage: "static" }],
    ["float", "float", { kind: "struct", name: "", size: 8, members: [] }],
    ["declTag", "decl_tag", { ...BYTE, name: "tag" }],
    ["typeTag", "type_tag", { kind: "const", name: "" }],
    ["enum64", "enum", { kind: "enum", signed: false }],
    ["enum64", "enum64", { kind: "union", name: "wide", size: 8 }],
    ["datasec", "var", { ...BYTE, name: "counter" }],
    ["questionMarkDatasec", "datasec", { kind: "datasec", name: "_.data.x" }],
  ];
  for (const [feature, key, expected] of cases) {
    test(`without ${feature}, ${key} becomes ${(expected as { kind: string }).kind}`, () => {
      const after = without(feature);
      const type = after.type(id(key)) as unknown as Record<string, unknown>;
      assert.deepEqual({ ...type, ...expected }, type);
      for (const other of btf.ids()) {
        if (feature !== "datasec" && !cases.some(([f, k]) => f === feature && ids[k] === other)) {
          assert.deepEqual(after.type(other), btf.type(other));
        }
      }
    });
  }

  test("without datasec, a section becomes a struct of its variables", () => {
    assert.deepEqual(without("datasec").type(id("datasec")), {
      kind: "struct",
      id: id("datasec"),
      name: "__data_x",
      size: 8,
      members: [{ name: "counter", type: id("var"), bitOffset: 0, bitSize: 0 }],
    });
  });

  test("without enum64, an enum becomes a union over one placeholder", () => {
    const after = without("enum64");
    assert.equal(after.endId, btf.endId + 1);
    assert.equal(after.name(btf.endId), "enum64_placeholder");
    assert.deepEqual(after.type(id("enum64")), {
      kind: "union",
      id: id("enum64"),
      name: "wide",
      size: 8,
      members: [{ name: "TOP", type: btf.endId, bitOffset: 0, bitSize: 0 }],
    });
  });
});
