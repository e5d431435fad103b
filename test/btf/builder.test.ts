import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { Btf, BtfBuilder, BtfEdit, type BtfType, copyTypes, type NewBtfType } from "../../src/btf/index.ts";
import { STRINGS } from "../../src/btf/memory-keys.ts";
import { FormatError, UsageError } from "../../src/errors/index.ts";
import { everyKind, int, member } from "./samples.ts";

function withoutId(type: BtfType): object {
  const { id: _, ...rest } = type;
  return rest;
}

const COUNT = 12;
const name = fc.stringMatching(/^[a-z_]{0,6}$/);
const ref = fc.nat(COUNT);
const u32 = fc.nat(0xffffffff);
const reference = (kind: "ptr" | "typedef" | "volatile" | "const" | "restrict") =>
  fc.record({ kind: fc.constant(kind), name, type: ref }) as fc.Arbitrary<NewBtfType>;
const linkage = fc.constantFrom("static" as const, "global" as const, "extern" as const);
const list = <T>(item: fc.Arbitrary<T>) => fc.array(item, { maxLength: 5 });

/** Any type whose references are at most {@link COUNT}. */
const anyType: fc.Arbitrary<NewBtfType> = fc
  .oneof(
    fc.record({
      kind: fc.constant("int" as const),
      name,
      size: fc.constantFrom(1, 2, 4, 8, 16),
      signed: fc.boolean(),
      char: fc.boolean(),
      bool: fc.boolean(),
      bitOffset: fc.nat(4),
      bits: fc.nat(4),
    }),
    reference("ptr"),
    reference("typedef"),
    reference("volatile"),
    reference("const"),
    reference("restrict"),
    fc.record({ kind: fc.constant("array" as const), name, type: ref, indexType: ref, length: u32 }),
    fc.record({
      kind: fc.constantFrom("struct" as const, "union" as const),
      name,
      size: u32,
      members: fc.oneof(
        // Without any bitfield the flag is not set; both forms hold small offsets alike.
        list(fc.record({ name, type: ref, bitOffset: u32, bitSize: fc.constant(0) })),
        list(fc.record({ name, type: ref, bitOffset: fc.nat(0xffffff), bitSize: fc.nat(255) })),
      ),
    }),
    fc.record({
      kind: fc.constant("enum" as const),
      name,
      size: fc.constant(4),
      signed: fc.constant(true),
      values: list(fc.record({ name, value: fc.integer() })),
    }),
    fc.record({
      kind: fc.constant("enum64" as const),
      name,
      size: fc.constant(8),
      signed: fc.constant(false),
      values: list(fc.record({ name, value: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }) })),
    }),
    fc.record({ kind: fc.constant("fwd" as const), name, union: fc.boolean() }),
    fc.record({ kind: fc.constant("func" as const), name, type: ref, linkage }),
    fc.record({
      kind: fc.constant("func_proto" as const),
      name,
      returns: ref,
      params: list(fc.record({ name, type: ref })),
    }),
    fc.record({ kind: fc.constant("var" as const), name, type: ref, linkage }),
    fc.record({
      kind: fc.constant("datasec" as const),
      name,
      size: u32,
      variables: list(fc.record({ type: ref, offset: u32, size: u32 })),
    }),
    fc.record({ kind: fc.constant("float" as const), name, size: fc.constantFrom(4, 8, 16) }),
    fc.record({
      kind: fc.constant("decl_tag" as const),
      name,
      type: ref,
      component: fc.integer({ min: -1, max: 9 }),
      attribute: fc.boolean(),
    }),
    fc.record({ kind: fc.constant("type_tag" as const), name, type: ref, attribute: fc.boolean() }),
  )
  // Records of fast-check may have no prototype.
  .map((type) => structuredClone(type));

describe("BtfBuilder", () => {
  test("whatever is built reads back, in both byte orders", () => {
    fc.assert(
      fc.property(fc.array(anyType, { minLength: COUNT, maxLength: COUNT }), fc.boolean(), (types, little) => {
        const builder = new BtfBuilder({ little });
        for (const type of types) builder.append(type);
        const btf = Btf.parse(builder.encode());
        assert.equal(btf.little, little);
        assert.deepEqual(
          [...btf.ids()].map((id) => withoutId(btf.type(id))),
          types,
        );
        assert.deepEqual(new BtfEdit(btf).encode(), btf.data);
      }),
    );
  });

  test("equal types and strings are stored once", () => {
    const builder = new BtfBuilder();
    assert.equal(builder.add(int("int", 4)), 1);
    assert.equal(builder.add(int("int", 4)), 1);
    assert.equal(builder.add(int("int", 4, { signed: true })), 2);
    assert.equal(builder.append(int("int", 4)), 3);
    assert.equal(builder.addString("int"), 1);
    assert.equal(builder.addString(""), 0);
    assert.equal(Btf.parse(builder.encode())[STRINGS].length, 5);
  });

  test("wrong types are refused by name", () => {
    const builder = new BtfBuilder();
    assert.throws(() => builder.add({ kind: "ptr", name: "", type: -1 }), UsageError);
    assert.throws(() => builder.add(int("a\0b", 4)), UsageError);
    assert.throws(() => builder.set(1, int("int", 4)), UsageError);
    builder.reserve();
    assert.throws(() => builder.encode(), /reserved, but never set/);
    const far = [member("x", 1, 1 << 24, 3)];
    assert.throws(() => builder.add({ kind: "struct", name: "s", size: 4, members: far }), /x .*too far/);
  });
});

describe("copyTypes", () => {
  test("copies what a type refers to, shares what is equal, and keeps cycles", () => {
    const from = new BtfBuilder();
    from.append(int("unused", 4));
    const i = from.append(int("int", 4));
    const node = from.reserve();
    const ptr = from.append({ kind: "ptr", name: "", type: node });
    from.set(node, { kind: "struct", name: "node", size: 16, members: [member("next", ptr, 0), member("v", i, 64)] });
    const list = from.append({ kind: "struct", name: "list", size: 8, members: [member("head", ptr, 0)] });
    const source = Btf.parse(from.encode());

    const builder = new BtfBuilder({ little: false });
    const shared = builder.add(int("int", 4));
    const map = copyTypes(source, [list, node], builder);
    const copy = Btf.parse(builder.encode());
    assert.equal(map.get(i), shared);
    assert.equal(copy.endId, 5);
    const head = copy.type(map.get(list) as number);
    assert.ok(head.kind === "struct");
    assert.equal(head.members[0]?.type, map.get(ptr));
    const target = copy.type(map.get(ptr) as number);
    assert.ok(target.kind === "ptr");
    assert.equal(target.type, map.get(node));
    assert.equal(copy.find("unused"), undefined);
  });

  test("copies any types, however they refer to each other", () => {
    fc.assert(
      fc.property(fc.array(anyType, { minLength: COUNT, maxLength: COUNT }), (types) => {
        const from = new BtfBuilder();
        for (const type of types) from.append(type);
        const source = Btf.parse(from.encode());
        const builder = new BtfBuilder();
        const map = copyTypes(source, source.ids(), builder);
        const copy = Btf.parse(builder.encode());
        for (const [old, now] of map) {
          assert.equal(copy.kind(now), source.kind(old));
          assert.equal(copy.name(now), source.name(old));
          assert.equal(copy.vlen(now), source.vlen(old));
        }
      }),
    );
  });

  test("a chain of a hundred thousand pointers", () => {
    const from = new BtfBuilder();
    const depth = 100_000;
    for (let i = 1; i <= depth; i++) from.append({ kind: "ptr", name: "", type: i < depth ? i + 1 : 0 });
    const builder = new BtfBuilder();
    copyTypes(Btf.parse(from.encode()), [1], builder);
    assert.equal(builder.endId, depth + 1);
  });
});

describe("BtfEdit", () => {
  test("changes words, keeps ids", () => {
    const { btf, ids } = everyKind();
    const id = (key: string) => ids[key] as number;
    const edit = new BtfEdit(btf);
    edit.setName(id("event"), "renamed");
    edit.setLinkage(id("func"), "static");
    edit.setLinkage(id("var"), "extern");
    edit.setTarget(id("ptr"), id("u8"));
    edit.setDatasec(id("datasec"), 24, [{ type: id("var"), offset: 16, size: 8 }]);
    const added = edit.append(int("dummy", 4));
    const after = Btf.parse(edit.encode());
    assert.equal(added, btf.endId);
    assert.equal(after.name(added), "dummy");
    assert.equal(after.name(id("event")), "renamed");
    assert.deepEqual(after.type(id("func")), { ...btf.type(id("func")), linkage: "static" });
    assert.deepEqual(after.type(id("var")), { ...btf.type(id("var")), linkage: "extern" });
    assert.equal(after.target(id("ptr")), id("u8"));
    assert.deepEqual(after.type(id("datasec")), {
      ...btf.type(id("datasec")),
      size: 24,
      variables: [{ type: id("var"), offset: 16, size: 8 }],
    });
    assert.equal(btf.name(id("event")), "event");
    assert.throws(() => edit.setLinkage(id("int"), "static"), UsageError);
    assert.throws(() => edit.setDatasec(id("datasec"), 1, []), UsageError);
    assert.throws(() => edit.setName(0, "void"), UsageError);
    assert.throws(() => edit.setName(99, "none"), FormatError);
  });
});
