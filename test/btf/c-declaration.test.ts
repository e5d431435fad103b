import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Btf, BtfBuilder, formatSignature, formatType } from "../../src/btf/index.ts";
import { everyKind, int } from "./samples.ts";

describe("types as C", () => {
  const { btf, ids } = everyKind();
  // Second column: what bpftool prints, with its blanks.
  for (const [key, signature, type] of [
    ["int", "int ", "int"],
    ["ptr", "int * ", "int *"],
    ["text", "char [16]", "char[16]"],
    ["event", "struct event ", "struct event"],
    ["enum64", "enum wide ", "enum wide"],
    ["fwd", "union later ", "union later"],
    ["restrict", "restrict const volatile s32 ", "restrict const volatile s32"],
    ["func_proto", "int (long x, ...)", "int (long x, ...)"],
    ["func", "int main(long x, ...)", "int main(long x, ...)"],
    ["var", "long  counter", "long counter"],
    ["datasec", 'section ("?.data.x") ', 'section ("?.data.x")'],
    ["float", "double ", "double"],
    ["type_tag", "", "int"],
    ["decl_tag", "", "type 22"],
  ] as const) {
    test(key, () => {
      const id = ids[key] as number;
      assert.equal(formatSignature(btf, id), signature);
      assert.equal(formatType(btf, id), type === "type 22" ? `type ${id}` : type);
    });
  }

  test("parameters without a name, and functions without parameters", () => {
    const b = new BtfBuilder();
    const i = b.add(int("int", 4));
    const ptr = b.add({ kind: "ptr", name: "", type: 0 });
    const proto = b.add({
      kind: "func_proto",
      name: "",
      returns: 0,
      params: [
        { name: "", type: ptr },
        { name: "", type: i },
      ],
    });
    const none = b.add({ kind: "func_proto", name: "", returns: ptr, params: [] });
    const f = b.add({ kind: "func", name: "f", type: proto, linkage: "static" });
    const g = b.add({ kind: "func", name: "g", type: none, linkage: "static" });
    const bad = b.add({ kind: "func", name: "h", type: i, linkage: "static" });
    const made = Btf.parse(b.encode());
    assert.equal(formatSignature(made, f), "void f(void *, int)");
    assert.equal(formatSignature(made, g), "void * g()");
    assert.throws(() => formatSignature(made, bad), /is the type of function .*, but is not a FUNC_PROTO/);
  });

  test("nothing for what never ends", () => {
    const b = new BtfBuilder();
    const p = b.reserve();
    b.set(p, { kind: "func_proto", name: "", returns: p, params: Array(9).fill({ name: "p", type: p }) });
    const wide = b.add({
      kind: "func_proto",
      name: "",
      returns: 0,
      params: Array(200).fill({ name: "parameter", type: b.add(int("int", 4)) }),
    });
    const made = Btf.parse(b.encode());
    assert.equal(formatSignature(made, p), "");
    assert.equal(formatType(made, p), `type ${p}`);
    assert.equal(formatSignature(made, wide), "");
  });
});
