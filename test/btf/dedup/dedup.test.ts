import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Btf, BtfBuilder, dedupBtf, formatRaw, mergeBtf, type TypeId } from "../../../src/btf/index.ts";
import { FormatError, UsageError } from "../../../src/errors/index.ts";
import { int, member } from "../samples.ts";

const INT = int("int", 4, { signed: true });

function made(make: (builder: BtfBuilder, int: TypeId) => void, options: { base?: Btf; little?: boolean } = {}): Btf {
  const builder = new BtfBuilder(options);
  make(builder, builder.append(INT));
  return Btf.parse(builder.encode(), { source: "made", base: options.base });
}

/** `struct list { struct list *next; struct item *item; }`, where `item` is defined or only declared. */
function list(isDefined: boolean, little = true): Btf {
  return made(
    (builder, int) => {
      const struct = builder.reserve();
      const next = builder.append({ kind: "ptr", name: "", type: struct });
      const item = isDefined
        ? builder.append({ kind: "struct", name: "item", size: 4, members: [member("a", int)] })
        : builder.append({ kind: "fwd", name: "item", union: false });
      const pointer = builder.append({ kind: "ptr", name: "", type: item });
      builder.set(struct, {
        kind: "struct",
        name: "list",
        size: 16,
        members: [member("next", next), member("item", pointer, 64)],
      });
    },
    { little },
  );
}

const kinds = (btf: Btf): string[] => [...btf.ids()].map((id) => `${btf.type(id).kind} ${btf.name(id)}`.trim());

describe("deduplication", () => {
  for (const little of [true, false]) {
    test(`graphs with cycles, ${little ? "little" : "big"}-endian`, () => {
      const one = list(true, little);
      const result = dedupBtf(mergeBtf([one, list(true, little), one]));
      assert.equal(formatRaw(result), formatRaw(one));
      assert.equal(result.little, little);
    });
  }

  test("a declaration in one file means the struct of another, whichever comes first", () => {
    for (const parts of [
      [list(false), list(true)],
      [list(true), list(false)],
    ]) {
      const result = dedupBtf(mergeBtf(parts));
      assert.deepEqual(kinds(result).sort(), ["int int", "ptr", "ptr", "struct item", "struct list"]);
    }
  });

  test("a declaration stays where two structs have its name", () => {
    const two = made((builder, int) => {
      builder.append({ kind: "fwd", name: "item", union: false });
      builder.append({ kind: "struct", name: "item", size: 4, members: [member("a", int)] });
      builder.append({ kind: "struct", name: "item", size: 4, members: [member("b", int)] });
    });
    assert.equal(dedupBtf(two).endId, two.endId);
  });

  test("an enum that is only declared means the one with values; variables and sections stay apart", () => {
    const enums = made((builder, int) => {
      const shape = { kind: "enum", name: "e", size: 4, signed: false } as const;
      builder.append({ ...shape, values: [] });
      builder.append({ ...shape, values: [{ name: "A", value: 1 }] });
      for (let i = 0; i < 2; i++) builder.append({ kind: "var", name: "v", type: int, linkage: "static" });
    });
    assert.deepEqual(kinds(dedupBtf(enums)), ["int int", "enum e", "var v", "var v"]);
  });

  test("enums without a name are compared by their values, unless one without values is among them", () => {
    const nameless = (...values: readonly (readonly { name: string; value: number }[])[]): Btf =>
      made((builder) => {
        for (const list of values) {
          builder.append({ kind: "enum", name: "", size: 4, signed: false, values: list });
        }
      });
    const [a, b] = [[{ name: "A", value: 1 }], [{ name: "B", value: 1 }]];
    assert.deepEqual(kinds(dedupBtf(nameless(a, b, a, b))), ["int int", "enum", "enum"]);
    assert.deepEqual(kinds(dedupBtf(nameless(a, []))), ["int int", "enum"]);
    assert.deepEqual(kinds(dedupBtf(nameless([], a))), ["int int", "enum"]);
  });

  test("what a base has is left out, with its strings", () => {
    const base = list(true);
    const parts = [
      list(true),
      made((builder, int) => builder.append({ kind: "struct", name: "more", size: 4, members: [member("a", int)] })),
    ];
    const result = dedupBtf(mergeBtf(parts, { base }));
    assert.equal(result.base, base);
    assert.deepEqual(kinds(result), ["struct more"]);
    assert.equal(result.header.stringLength, "more\0".length);
  });

  test("doing it again changes nothing", () => {
    const once = dedupBtf(mergeBtf([list(false), list(true)]));
    assert.deepEqual(dedupBtf(once).data, once.data);
  });
});

describe("hostile BTF", () => {
  test("pointers in a circle and references to nowhere are errors", () => {
    const circle = made((builder) => {
      const first = builder.reserve();
      builder.set(first, { kind: "ptr", name: "", type: builder.append({ kind: "const", name: "", type: first }) });
    });
    assert.throws(() => dedupBtf(circle), FormatError);
    const nowhere = made((builder) => builder.append({ kind: "ptr", name: "", type: 99 }));
    assert.throws(() => dedupBtf(nowhere), FormatError);
    assert.throws(() => mergeBtf([nowhere]), FormatError);
  });

  test("a chain of 200,000 pointers, in a struct and outside, needs no stack", () => {
    const chain = made((builder, int) => {
      let last = int;
      for (let i = 0; i < 200_000; i++) last = builder.append({ kind: "ptr", name: "", type: builder.endId + 1 });
      builder.append({ kind: "struct", name: "end", size: 8, members: [member("first", last)] });
    });
    assert.equal(dedupBtf(chain).endId, chain.endId);
    assert.equal(dedupBtf(mergeBtf([chain, chain])).endId, chain.endId);
  });

  test("many structs that are alike and differ deep down end in an error, not in hours", () => {
    const alike = made((builder, int) => {
      for (let i = 0; i < 8_000; i++) {
        const array = builder.append({ kind: "array", name: "", type: int, indexType: int, length: i });
        const pointer = builder.append({ kind: "ptr", name: "", type: array });
        builder.append({ kind: "struct", name: "s", size: 8, members: [member("p", pointer)] });
      }
    });
    assert.throws(() => dedupBtf(alike), FormatError);
  });

  test("parts of different byte orders or bases are refused", () => {
    assert.throws(() => mergeBtf([list(true), list(true, false)]), UsageError);
    assert.throws(() => mergeBtf([]), UsageError);
    const base = list(true);
    const split = made((builder, int) => builder.append({ kind: "ptr", name: "", type: int }), { base });
    assert.throws(() => mergeBtf([split]), UsageError);
  });
});
