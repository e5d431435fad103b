import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import {
  Btf,
  BtfBuilder,
  CoreRelocationKind,
  CoreRelocator,
  formatC,
  minimiseBtf,
  type NewBtfType,
  type TypeId,
} from "../../../src/btf/index.ts";
import { type ElfSection, parseElf } from "../../../src/elf/index.ts";
import { FormatError } from "../../../src/errors/index.ts";
import { readCoreObject } from "../../../src/object/index.ts";
import { int, member } from "../samples.ts";

const K = CoreRelocationKind;

/** The types of a kernel: `struct outer` has an array, a pointer, a callback and a struct. */
function kernelTypes(little = true): Btf {
  const b = new BtfBuilder({ little });
  const add = (type: NewBtfType): TypeId => b.append(type);
  const i32 = add(int("int", 4, { signed: true }));
  const inner = add({ kind: "struct", name: "inner", size: 8, members: [member("a", i32, 0), member("b", i32, 32)] });
  const innerPointer = add({ kind: "ptr", name: "", type: inner });
  const inners = add({ kind: "array", name: "", type: inner, indexType: i32, length: 4 });
  const proto = add({ kind: "func_proto", name: "", returns: i32, params: [{ name: "x", type: innerPointer }] });
  const callback = add({ kind: "ptr", name: "", type: proto });
  add({
    kind: "struct",
    name: "outer",
    size: 56,
    members: [
      member("list", inners, 0),
      member("next", innerPointer, 256),
      member("call", callback, 320),
      member("flag", i32, 384, 3),
      member("more", i32, 387, 29),
    ],
  });
  add({ kind: "enum", name: "color", size: 4, signed: true, values: [{ name: "RED", value: -1 }] });
  add({ kind: "typedef", name: "inner_ptr", type: innerPointer });
  add(int("long", 8, { signed: true }));
  return Btf.parse(b.encode());
}

/** What is left of {@link kernelTypes} for one relocation of one of its types. */
function leftFor(name: string, kind: number, accessString: string, little = true): string {
  const kernel = kernelTypes(little);
  const typeId = kernel.find(name) as TypeId;
  const small = Btf.parse(
    minimiseBtf(kernel, [{ btf: kernel, relocations: [{ slot: 0, typeId, kind, accessString }] }]),
  );
  assert.equal(small.little, little);
  return formatC(small, { sorted: false, header: false })
    .replace(/\n\/\* BPF kfuncs.*$/s, "")
    .trim();
}

describe("the types that a relocation needs", () => {
  for (const little of [true, false]) {
    test(`a field: its struct with this member only, ${little ? "little" : "big"}-endian`, () => {
      assert.equal(
        leftFor("outer", K.BPF_CORE_FIELD_BYTE_OFFSET, "0:0:1:1", little),
        "struct inner {\n\tint: 32;\n\tint b;\n};\n\nstruct outer {\n\tstruct inner list[4];\n\tlong: 64;\n\tlong: 64;\n\tlong: 64;\n};",
      );
    });
  }

  test("a pointer member: the pointer, but not its struct", () => {
    assert.match(leftFor("outer", K.BPF_CORE_FIELD_EXISTS, "0:1"), /void \*next;/);
  });

  test("a bitfield keeps its bits", () => {
    assert.match(leftFor("outer", K.BPF_CORE_FIELD_LSHIFT_U64, "0:4"), /int more: 29;/);
  });

  test("a whole type: the struct without members", () => {
    assert.doesNotMatch(leftFor("outer", K.BPF_CORE_TYPE_SIZE, "0"), /list|next|call|inner/);
  });

  test("a typedef of a pointer: the struct behind it, without members", () => {
    const text = leftFor("inner_ptr", K.BPF_CORE_TYPE_EXISTS, "0");
    assert.match(text, /typedef struct inner \*inner_ptr;/);
    assert.doesNotMatch(text, /int/);
  });

  test("a type that must match: all members; structs behind pointers stay empty", () => {
    const text = leftFor("outer", K.BPF_CORE_TYPE_MATCHES, "0");
    assert.match(text, /struct inner list\[4\];/);
    assert.match(text, /int \(\*call\)\(struct inner \*x\);/);
    assert.match(text, /struct inner \{\n\tint a;\n\tint b;/);
  });

  test("an enumerator: its whole enum", () => {
    assert.equal(leftFor("color", K.BPF_CORE_ENUMVAL_VALUE, "0"), "enum color {\n\tRED = -1,\n};");
  });
});

const PAIRS: readonly (readonly [kernel: string, objects: readonly string[]])[] = [
  ["core-target", ["core-local"]],
  ["core-target", ["core-local-be"]],
  ["core-fields", ["core-fields", "core-fields-clang14"]],
  ["core-types", ["core-types", "core-flavours"]],
  ["core-types-be", ["core-types-be"]],
  ["core-bitfields", ["core-bitfields", "core-bitfields-be"]],
  ["core-many", ["core-many"]],
];

for (const [kernelName, names] of PAIRS) {
  test(`${names.join(" and ")}: the small BTF of ${kernelName} gives what the whole BTF gives`, () => {
    const read = (name: string) => readCoreObject(readFileSync(`test/bpf/${name}.bpf.o`), name);
    const elf = parseElf(readFileSync(`test/bpf/${kernelName}.bpf.o`), kernelName);
    const kernel = Btf.parse(elf.contents(elf.sections.find((section) => section.name === ".BTF") as ElfSection));
    const objects = names.map(read);
    const small = Btf.parse(minimiseBtf(kernel, objects));
    assert.ok(small.endId <= kernel.endId);
    for (const { btf, relocations } of objects) {
      const whole = new CoreRelocator(btf, { main: kernel });
      const less = new CoreRelocator(btf, { main: small });
      for (const relocation of relocations) {
        const expected = whole.resolve(relocation);
        const found = less.resolve(relocation);
        // The number of a type is another one in the small BTF.
        if (relocation.kind !== K.BPF_CORE_TYPE_ID_TARGET) assert.equal(found.value, expected.value, expected.text);
        assert.equal(found.poison, expected.poison, expected.text);
        assert.equal(found.failSizeChange, expected.failSizeChange, expected.text);
      }
    }
  });
}

test("an object without BTF or without .BTF.ext is refused", () => {
  for (const [name, section] of [
    ["minimal-no-btf", ".BTF"],
    ["minimal-no-btf-ext", ".BTF.ext"],
  ] as const) {
    assert.throws(
      () => readCoreObject(readFileSync(`test/bpf/${name}.bpf.o`), name),
      (error) => {
        assert.ok(error instanceof FormatError);
        assert.equal(error.problem, `the file has no section ${section}: compile it with -g`);
        return true;
      },
    );
  }
});

test("a struct with a callback that takes this struct ends the walk", () => {
  const b = new BtfBuilder();
  b.append({ kind: "struct", name: "ops", size: 8, members: [member("call", 2, 0)] });
  b.append({ kind: "ptr", name: "", type: 3 });
  b.append({ kind: "func_proto", name: "", returns: 0, params: [{ name: "self", type: 1 }] });
  const btf = Btf.parse(b.encode());
  const relocation = { slot: 0, typeId: 1, kind: K.BPF_CORE_TYPE_MATCHES, accessString: "0" };
  assert.equal(Btf.parse(minimiseBtf(btf, [{ btf, relocations: [relocation] }])).endId, 4);
});
