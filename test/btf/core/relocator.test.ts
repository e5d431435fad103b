import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  Btf,
  BtfBuilder,
  type BtfMember,
  CoreRelocationKind,
  CoreRelocator,
  type CoreResult,
  type NewBtfType,
  type TypeId,
} from "../../../src/btf/index.ts";
import { FormatError } from "../../../src/errors/index.ts";
import { int, member } from "../samples.ts";

const K = CoreRelocationKind;

/** A BTF made by `build`, which returns the id of the type that the test is about. */
function make(
  build: (add: (type: NewBtfType) => TypeId, builder: BtfBuilder) => TypeId,
  options: { little?: boolean; base?: Btf } = {},
): { btf: Btf; id: TypeId } {
  const builder = new BtfBuilder(options);
  const id = build((type) => builder.append(type), builder);
  return { btf: Btf.parse(builder.encode(), { base: options.base }), id };
}

function struct(name: string, size: number, members: BtfMember[]): NewBtfType {
  return { kind: "struct", name, size, members };
}

/** A struct of one member of type `u32`. */
function one(name: string, field: string, byteOffset: number) {
  return (add: (type: NewBtfType) => TypeId): TypeId => {
    const u32 = add(int("unsigned int", 4));
    return add(struct(name, 64, [member(field, u32, 8 * byteOffset)]));
  };
}

function resolve(
  local: { btf: Btf; id: TypeId },
  main: Btf,
  kind: CoreRelocationKind,
  accessString = "0:0",
  modules?: () => Iterable<{ name: string; btf: Btf }>,
): CoreResult {
  return new CoreRelocator(local.btf, { main, modules }).resolve({ slot: 0, typeId: local.id, accessString, kind });
}

describe("candidates", () => {
  const local = make(one("thing___old", "a", 0));

  test("flavours on both sides are cut", () => {
    const result = resolve(local, make(one("thing___new___er", "a", 8)).btf, K.BPF_CORE_FIELD_BYTE_OFFSET);
    assert.equal(result.poison, true, "only the last flavour is cut: thing___new is another name");
    const found = resolve(local, make(one("thing___new", "a", 8)).btf, K.BPF_CORE_FIELD_BYTE_OFFSET);
    assert.equal(found.value, 8n);
    assert.deepEqual(found.target, {
      name: "vmlinux",
      typeId: 2,
      text: "<byte_off> [2] struct thing___new.a (0:0 @ offset 8)",
      indices: [0, 0],
    });
  });

  test("several that agree are fine, several that contradict each other are refused by name", () => {
    const twice = (second: number) =>
      make((add) => {
        const u32 = add(int("unsigned int", 4));
        add(struct("thing", 64, [member("a", u32, 64)]));
        return add(struct("thing___2", 64, [member("a", u32, 8 * second)]));
      }).btf;
    assert.equal(resolve(local, twice(8), K.BPF_CORE_FIELD_BYTE_OFFSET).value, 8n);
    assert.throws(() => resolve(local, twice(12), K.BPF_CORE_FIELD_BYTE_OFFSET), {
      message:
        "BTF: CO-RE relocation <byte_off> [2] struct thing___old.a (0:0 @ offset 0) matches two types, and the field's offset is 64 bits in one and " +
        "96 bits in the other: <byte_off> [2] struct thing.a (0:0 @ offset 8) in vmlinux, " +
        "<byte_off> [3] struct thing___2.a (0:0 @ offset 12) in vmlinux",
    });
    // Two ids are two values: the id of a type with flavours in the kernel is never known.
    assert.throws(() => resolve(local, twice(8), K.BPF_CORE_TYPE_ID_TARGET, "0"), FormatError);
  });

  test("one that did not match is not asked again", () => {
    const two = make((add) => {
      const u32 = add(int("unsigned int", 4));
      add(struct("pair", 8, [member("a", u32, 0), member("b", u32, 32)]));
      return add(struct("pair___short", 8, [member("b", u32, 0)]));
    });
    const both = make((add) => {
      const u32 = add(int("unsigned int", 4));
      return add(struct("pair", 8, [member("a", u32, 0), member("b", u32, 32)]));
    });
    const at = (relocator: CoreRelocator, accessString: string) =>
      relocator.resolve({ slot: 0, typeId: both.id, accessString, kind: K.BPF_CORE_FIELD_BYTE_OFFSET }).value;
    const relocator = new CoreRelocator(both.btf, { main: two.btf });
    assert.equal(at(relocator, "0:0"), 0n);
    assert.equal(at(relocator, "0:1"), 4n);
    assert.throws(() => at(new CoreRelocator(both.btf, { main: two.btf }), "0:1"), /matches two types/);
  });

  test("with fewer candidates the same relocation is resolved anew", () => {
    const local = make((add) => add(int("number", 4)));
    const main = make((add) => {
      add(int("number___short", 2));
      return add(int("number", 4));
    }).btf;
    const relocator = new CoreRelocator(local.btf, { main });
    const relocate = (kind: CoreRelocationKind, accessString: string) =>
      relocator.resolve({ slot: 0, typeId: local.id, accessString, kind });
    assert.equal(relocate(K.BPF_CORE_FIELD_BYTE_OFFSET, "0").size, 2);
    assert.equal(relocate(K.BPF_CORE_TYPE_MATCHES, "0").target?.typeId, 2);
    assert.equal(relocate(K.BPF_CORE_FIELD_BYTE_OFFSET, "0").size, 4);
  });

  test("kinds must agree, but for the width of enums", () => {
    const number = { name: "RED", value: 7 };
    const colour = make((add) =>
      add({ kind: "enum", name: "colour", size: 4, signed: false, values: [{ name: "RED___x", value: 1 }] }),
    );
    const wide = make((add) =>
      add({
        kind: "enum64",
        name: "colour",
        size: 8,
        signed: true,
        values: [
          { name: "RE", value: 0n },
          { name: "RED___y", value: -2n },
        ],
      }),
    );
    assert.equal(resolve(colour, wide.btf, K.BPF_CORE_ENUMVAL_VALUE, "0").value, 0xffff_ffff_ffff_fffen);
    const union = make((add) => add({ kind: "union", name: "colour", size: 4, members: [] }));
    assert.equal(resolve(colour, union.btf, K.BPF_CORE_ENUMVAL_EXISTS, "0").value, 0n);
    const typedef = make((add) =>
      add({
        kind: "typedef",
        name: "colour",
        type: add({ kind: "enum", name: "", size: 4, signed: false, values: [number] }),
      }),
    );
    assert.equal(resolve(colour, typedef.btf, K.BPF_CORE_ENUMVAL_EXISTS, "0").value, 0n);
    assert.equal(resolve(typedef, typedef.btf, K.BPF_CORE_ENUMVAL_VALUE, "0").value, 7n);
  });

  test("modules are asked once, and only for what the kernel has not got", () => {
    const main = make(one("known", "a", 4)).btf;
    const module = make(one("thing", "a", 16), { base: main });
    let asked = 0;
    const modules = () => {
      asked++;
      return [{ name: "nf_thing", btf: module.btf }];
    };
    const relocator = new CoreRelocator(local.btf, { main, modules });
    const relocation = { slot: 0, typeId: local.id, accessString: "0:0", kind: K.BPF_CORE_FIELD_BYTE_OFFSET };
    assert.equal(resolve(make(one("known", "a", 0)), main, K.BPF_CORE_FIELD_BYTE_OFFSET, "0:0", modules).value, 4n);
    assert.equal(asked, 0);
    relocator.prepare([relocation]);
    const result = relocator.resolve(relocation);
    assert.deepEqual([result.value, result.target?.name, result.target?.typeId], [16n, "nf_thing", module.id]);
    relocator.resolve({ ...relocation, kind: K.BPF_CORE_TYPE_EXISTS, accessString: "0" });
    assert.equal(asked, 1);
  });
});

describe("missing types and members", () => {
  const local = make(one("thing", "a", 4));
  const other = make(one("other", "a", 4)).btf;
  const without = make(one("thing", "b", 4)).btf;
  const cases: readonly [kind: CoreRelocationKind, access: string, value: bigint | "poison"][] = [
    [K.BPF_CORE_FIELD_BYTE_OFFSET, "0:0", "poison"],
    [K.BPF_CORE_FIELD_BYTE_SIZE, "0:0", "poison"],
    [K.BPF_CORE_FIELD_EXISTS, "0:0", 0n],
    [K.BPF_CORE_FIELD_SIGNED, "0:0", "poison"],
    [K.BPF_CORE_FIELD_LSHIFT_U64, "0:0", "poison"],
    [K.BPF_CORE_FIELD_RSHIFT_U64, "0:0", "poison"],
    [K.BPF_CORE_TYPE_ID_LOCAL, "0", 2n],
    [K.BPF_CORE_TYPE_ID_TARGET, "0", 0n],
    [K.BPF_CORE_TYPE_EXISTS, "0", 0n],
    [K.BPF_CORE_TYPE_SIZE, "0", 0n],
    [K.BPF_CORE_TYPE_MATCHES, "0", 0n],
  ];
  for (const [kind, access, value] of cases) {
    test(`kind ${kind} of a missing type is ${value}`, () => {
      const result = resolve(local, other, kind, access);
      assert.equal(result.poison ? "poison" : result.value, value);
      if (result.poison) assert.equal(result.reason, "the kernel has no struct thing");
    });
    if (access === "0:0") {
      test(`kind ${kind} of a missing member is ${value}`, () => {
        const result = resolve(local, without, kind, access);
        assert.equal(result.poison ? "poison" : result.value, value);
        if (result.poison) assert.equal(result.reason, "[2] struct thing in vmlinux has nothing compatible with .a");
      });
    }
  }
  test("an enumerator that is not there has no value", () => {
    const colour = (name: string) =>
      make((add) => add({ kind: "enum", name: "colour", size: 4, signed: false, values: [{ name, value: 3 }] }));
    assert.equal(resolve(colour("RED"), colour("BLUE").btf, K.BPF_CORE_ENUMVAL_VALUE, "0").poison, true);
    assert.equal(resolve(colour("RED"), colour("BLUE").btf, K.BPF_CORE_ENUMVAL_EXISTS, "0").value, 0n);
  });
});

describe("members", () => {
  test("are found in anonymous structs and unions, wherever they have moved to", () => {
    const local = make((add) => {
      const u32 = add(int("unsigned int", 4));
      const inner = add(struct("", 8, [member("x", u32, 0), member("y", u32, 32)]));
      return add(struct("s", 8, [member("", inner, 0)]));
    });
    const target = make((add) => {
      const u32 = add(int("unsigned int", 4));
      const inner = add(struct("", 8, [member("z", u32, 0), member("y", u32, 32)]));
      const union = add({ kind: "union", name: "", size: 8, members: [member("x", u32, 0), member("", inner, 0)] });
      return add(struct("s", 24, [member("front", u32, 0), member("", union, 64)]));
    });
    const result = resolve(local, target.btf, K.BPF_CORE_FIELD_BYTE_OFFSET, "0:0:1");
    assert.equal(result.value, 12n);
    assert.equal(result.target?.text, "<byte_off> [4] struct s.y (0:1:1:1 @ offset 12)");
  });

  test("of incompatible types do not count", () => {
    const holder = (field: NewBtfType) => make((add) => add(struct("s", 8, [member("a", add(field), 0)])));
    const types: readonly [NewBtfType, string][] = [
      [int("int", 4, { signed: true }), "int"],
      [{ kind: "ptr", name: "", type: 0 }, "ptr"],
      [struct("t", 4, []), "composite"],
      [{ kind: "union", name: "u", size: 4, members: [] }, "composite"],
      [{ kind: "float", name: "f", size: 4 }, "float"],
      [{ kind: "enum", name: "e", size: 4, signed: false, values: [] }, "enum e"],
      [{ kind: "enum", name: "", size: 4, signed: false, values: [] }, "enum"],
      [{ kind: "enum64", name: "e___2", size: 8, signed: false, values: [] }, "enum e"],
      [{ kind: "enum", name: "other", size: 4, signed: false, values: [] }, "enum other"],
    ];
    for (const [local, mine] of types) {
      for (const [target, theirs] of types) {
        const anyName = [mine, theirs].includes("enum") && mine.startsWith("enum") && theirs.startsWith("enum");
        const { value } = resolve(holder(local), holder(target).btf, K.BPF_CORE_FIELD_EXISTS);
        assert.equal(value, mine === theirs || anyName ? 1n : 0n, `${mine} and ${theirs}`);
      }
    }
  });

  test("of another width: loads of unsigned integers and pointers follow, others do not", () => {
    const holder = (field: NewBtfType, long: number) =>
      make((add) => {
        add(int("long", long, { signed: true }));
        return add(struct("s", 8, [member("a", add(field), 0)]));
      });
    const cases: readonly [NewBtfType, NewBtfType, sizes: [number, number], fails: boolean][] = [
      [int("u32", 4), int("u64", 8), [4, 8], false],
      [int("s32", 4, { signed: true }), int("u64", 8), [4, 8], true],
      [int("bool", 1, { bool: true }), int("u32", 4), [1, 4], false],
      [{ kind: "ptr", name: "", type: 0 }, { kind: "ptr", name: "", type: 0 }, [8, 4], false],
      [struct("t", 4, []), struct("t", 8, []), [4, 8], true],
      [int("u32", 4), int("u32", 4), [4, 4], false],
    ];
    for (const [local, target, sizes, fails] of cases) {
      const result = resolve(holder(local, 8), holder(target, 4).btf, K.BPF_CORE_FIELD_BYTE_OFFSET);
      assert.deepEqual([result.originalSize, result.size, result.failSizeChange], [...sizes, fails]);
    }
  });

  test("array indices are checked, but in the flexible array at the end", () => {
    const holder = (length: number, last: boolean) =>
      make((add) => {
        const u32 = add(int("unsigned int", 4));
        const array = add({ kind: "array", name: "", type: u32, indexType: u32, length });
        const members = [member("a", array, 32), ...(last ? [] : [member("b", u32, 0)])];
        return add(struct("s", 64, members));
      });
    const local = holder(10, true);
    assert.equal(resolve(local, holder(7, true).btf, K.BPF_CORE_FIELD_BYTE_OFFSET, "0:0:6").value, 28n);
    assert.equal(resolve(local, holder(6, true).btf, K.BPF_CORE_FIELD_BYTE_OFFSET, "0:0:6").poison, true);
    assert.equal(resolve(local, holder(0, true).btf, K.BPF_CORE_FIELD_BYTE_OFFSET, "0:0:6").value, 28n);
    assert.equal(resolve(local, holder(0, false).btf, K.BPF_CORE_FIELD_BYTE_OFFSET, "0:0:6").poison, true);
    assert.equal(resolve(local, local.btf, K.BPF_CORE_FIELD_BYTE_OFFSET, "3:0:1").value, 200n);
  });

  test("bitfields: a load of the unit, shifted left and right, is the field, in both byte orders", () => {
    const field = fc.record({ bits: fc.integer({ min: 1, max: 32 }), before: fc.integer({ min: 0, max: 31 }) });
    fc.assert(
      fc.property(
        field,
        fc.boolean(),
        fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
        ({ bits, before }, little, memory) => {
          fc.pre(before + bits <= 64);
          const target = make((add) => add(struct("s", 16, [member("a", add(int("u32", 4)), 64 + before, bits)])), {
            little,
          });
          const value = (kind: CoreRelocationKind) => resolve(target, target.btf, kind).value;
          // Bit n of the struct is bit n of the number in a little-endian machine, and bit 63 - n in a big-endian one.
          const low = little ? before : 64 - before - bits;
          const expected = (memory >> BigInt(low)) & (2n ** BigInt(bits) - 1n);
          const bytes = new DataView(new ArrayBuffer(24));
          bytes.setBigUint64(8, memory, little);
          const offset = Number(value(K.BPF_CORE_FIELD_BYTE_OFFSET));
          const size = Number(value(K.BPF_CORE_FIELD_BYTE_SIZE));
          const load = size === 8 ? bytes.getBigUint64(offset, little) : BigInt(bytes.getUint32(offset, little));
          const left = BigInt.asUintN(64, load << value(K.BPF_CORE_FIELD_LSHIFT_U64));
          assert.equal(left >> value(K.BPF_CORE_FIELD_RSHIFT_U64), expected);
        },
      ),
    );
  });
});

describe("type matching", () => {
  const u32 = int("u32", 4);
  const s32 = int("s32", 4, { signed: true });
  const pointerTo = (name: string, kind: "struct" | "union" | "fwd", members = 0) =>
    make((add) => {
      const number = add(u32);
      const to =
        kind === "fwd"
          ? add({ kind: "fwd", name, union: false })
          : add({ kind, name, size: 8, members: members > 0 ? [member("m", number, 0)] : [] });
      return add(struct("s", 8, [member("p", add({ kind: "ptr", name: "", type: to }), 0)]));
    });
  const holding = (...fields: NewBtfType[]) =>
    make((add) =>
      add(
        struct(
          "s",
          8,
          fields.map((field, i) => member(`m${i}`, add(field), 32 * i)),
        ),
      ),
    );
  const array = (length: number) =>
    make((add) => {
      const number = add(u32);
      const type = add({ kind: "array", name: "", type: number, indexType: number, length });
      return add(struct("s", 64, [member("a", type, 0)]));
    });
  const cases: readonly [what: string, local: { btf: Btf; id: TypeId }, target: { btf: Btf }, matches: bigint][] = [
    ["the same", holding(u32), holding(u32), 1n],
    ["more members in the target", holding(u32), holding(u32, s32), 1n],
    ["fewer members in the target", holding(u32, s32), holding(u32), 0n],
    ["a member of another sign", holding(u32), holding({ ...s32, name: "u32" }), 0n],
    ["an integer of another name", holding(u32), holding(s32), 0n],
    ["a struct behind a pointer by its name", pointerTo("t", "struct", 1), pointerTo("t", "struct"), 1n],
    ["another struct behind a pointer", pointerTo("t", "struct"), pointerTo("v", "struct"), 0n],
    ["a declaration of a struct behind a pointer", pointerTo("t", "struct"), pointerTo("t", "fwd"), 1n],
    ["a struct for a declaration behind a pointer", pointerTo("t", "fwd"), pointerTo("t___2", "struct"), 1n],
    ["a declaration of a struct for a union", pointerTo("t", "union"), pointerTo("t", "fwd"), 0n],
    ["arrays of one length", array(3), array(3), 1n],
    ["arrays of different lengths", array(3), array(4), 0n],
  ];
  for (const [what, local, target, matches] of cases) {
    test(what, () => assert.equal(resolve(local, target.btf, K.BPF_CORE_TYPE_MATCHES, "0").value, matches));
  }
});
