import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { Btf, BtfBuilder, BtfKind, formatC, type NewBtfType, type TypeId } from "../../../src/btf/index.ts";
import { FormatError } from "../../../src/errors/index.ts";
import { assertBounded } from "../../support/bounded.ts";
import { blobOf, everyKind, info, int, member } from "../samples.ts";

/** The definitions of a BTF that `build` makes, without the frame of vmlinux.h. */
function definitions(build: (b: BtfBuilder) => void, options: { roots?: TypeId[]; sorted?: boolean } = {}): string {
  const b = new BtfBuilder();
  build(b);
  const text = formatC(Btf.parse(b.encode()), { sorted: false, ...options, header: false });
  return text.replace(/\n\/\* BPF kfuncs \*\/\n#ifndef BPF_NO_KFUNC_PROTOTYPES\n#endif\n\n$/, "");
}

const INT = int("int", 4, { signed: true });

describe("types as C", () => {
  test("a struct behind a pointer is declared before it is defined", () => {
    const text = definitions((b) => {
      b.append({ kind: "struct", name: "a", size: 8, members: [member("b", 2, 0)] });
      b.append({ kind: "ptr", name: "", type: 3 });
      b.append({ kind: "struct", name: "b", size: 16, members: [member("a", 1, 0), member("next", 2, 64)] });
    });
    assert.equal(
      text,
      "struct b;\n\nstruct a {\n\tstruct b *b;\n};\n\nstruct b {\n\tstruct a a;\n\tstruct b *next;\n};\n\n",
    );
  });

  test("gaps, bitfields and packed structs keep their layout", () => {
    const text = definitions((b) => {
      b.append(INT);
      b.append(int("char", 1, { signed: true }));
      b.append({
        kind: "struct",
        name: "gaps",
        size: 24,
        members: [member("a", 2, 0), member("b", 1, 32), member("c", 2, 128)],
      });
      b.append({
        kind: "struct",
        name: "bits",
        size: 8,
        members: [member("a", 1, 0, 3), member("b", 1, 8, 4), member("c", 1, 32, 1)],
      });
      b.append({ kind: "struct", name: "tight", size: 5, members: [member("a", 2, 0), member("b", 1, 8)] });
      b.append({ kind: "struct", name: "empty", size: 0, members: [] });
    });
    assert.equal(
      text,
      [
        "struct gaps {\n\tchar a;\n\tint b;\n\tlong: 64;\n\tchar c;\n\tlong: 0;\n};\n\n",
        "struct bits {\n\tint a: 3;\n\tchar: 5;\n\tint b: 4;\n\tint: 20;\n\tint c: 1;\n};\n\n",
        "struct tight {\n\tchar a;\n\tint b;\n} __attribute__((packed));\n\n",
        "struct empty {};\n\n",
      ].join(""),
    );
  });

  test("declarations unwind pointers, arrays, functions and modifiers", () => {
    const b = new BtfBuilder();
    b.append(INT);
    const constant = b.add({ kind: "const", name: "", type: 1 });
    const pointer = b.add({ kind: "ptr", name: "", type: constant });
    const array = b.add({ kind: "array", name: "", type: pointer, indexType: 1, length: 4 });
    const grid = b.add({ kind: "array", name: "", type: array, indexType: 1, length: 3 });
    const proto = b.add({
      kind: "func_proto",
      name: "",
      returns: pointer,
      params: [
        { name: "x", type: 1 },
        { name: "", type: 0 },
      ],
    });
    const callback = b.add({ kind: "ptr", name: "", type: proto });
    const callbacks = b.add({ kind: "array", name: "", type: callback, indexType: 1, length: 2 });
    const nothing = b.add({ kind: "func_proto", name: "", returns: 0, params: [] });
    const tag = b.add({ kind: "type_tag", name: "user", type: 1, attribute: false });
    const tagged = b.add({ kind: "ptr", name: "", type: tag });
    const names: [string, TypeId][] = [
      ["grid_t", grid],
      ["callbacks_t", callbacks],
      ["callback_t", b.add({ kind: "const", name: "", type: callback })],
      ["nothing_t", nothing],
      ["tagged_t", tagged],
    ];
    const roots = names.map(([name, type]) => b.append({ kind: "typedef", name, type }));
    assert.equal(
      formatC(Btf.parse(b.encode()), { roots, header: false }),
      [
        "typedef const int *grid_t[3][4];",
        "typedef const int * (*callbacks_t[2])(int, ...);",
        "typedef const int * (* const callback_t)(int, ...);",
        "typedef void nothing_t(void);",
        'typedef int __attribute__((btf_type_tag("user"))) *tagged_t;',
      ]
        .map((line) => `${line}\n\n`)
        .join("")
        .replaceAll("(int, ...)", "(int x, ...)"),
    );
  });

  test("enums of each size, with and without a name", () => {
    const text = definitions((b) => {
      b.append({ kind: "enum", name: "", size: 4, signed: true, values: [{ name: "MINUS", value: -1 }] });
      b.append({ kind: "enum", name: "small", size: 1, signed: false, values: [{ name: "ONE", value: 1 }] });
      b.append({ kind: "enum64", name: "wide", size: 8, signed: false, values: [{ name: "TOP", value: 1n << 63n }] });
      b.append({ kind: "enum64", name: "low", size: 8, signed: true, values: [{ name: "TWO", value: 2n }] });
      b.append({ kind: "enum", name: "later", size: 4, signed: false, values: [] });
    });
    assert.equal(
      text,
      [
        "enum {\n\tMINUS = -1,\n};\n\n",
        "enum small {\n\tONE = 1,\n} __attribute__((mode(byte)));\n\n",
        "enum wide {\n\tTOP = 9223372036854775808ULL,\n};\n\n",
        "enum low {\n\tTWO = 2LL,\n} __attribute__((mode(word)));\n\n",
        "enum later;\n\n",
      ].join(""),
    );
  });

  test("a name that is taken gets a number; tags and ordinary names are counted apart", () => {
    const text = definitions((b) => {
      b.append({ kind: "struct", name: "s", size: 0, members: [] });
      b.append({ kind: "struct", name: "s", size: 0, members: [] });
      b.append({ kind: "typedef", name: "s", type: 2 });
      b.append({ kind: "enum", name: "e", size: 4, signed: false, values: [{ name: "s", value: 0 }] });
    });
    assert.equal(text, "struct s {};\n\nstruct s___2 {};\n\ntypedef struct s___2 s;\n\nenum e {\n\ts___2 = 0,\n};\n\n");
  });

  test("kfuncs are declared at the end, by name", () => {
    const b = new BtfBuilder();
    b.append(INT);
    const proto = b.add({ kind: "func_proto", name: "", returns: 1, params: [{ name: "n", type: 1 }] });
    for (const name of ["second", "first"]) {
      const func = b.append({ kind: "func", name, type: proto, linkage: "static" });
      b.append({ kind: "decl_tag", name: "bpf_kfunc", type: func, component: -1, attribute: false });
      if (name === "first")
        b.append({ kind: "decl_tag", name: "bpf_fastcall", type: func, component: -1, attribute: false });
    }
    const text = formatC(Btf.parse(b.encode()));
    assert.match(
      text,
      /\nextern __bpf_fastcall int first\(int n\) __weak __ksym;\nextern int second\(int n\) __weak __ksym;\n#endif\n/,
    );
  });

  test("the sorted order is that of names; bpftool's loses its first type", () => {
    const build = (b: BtfBuilder): void => {
      b.append({ kind: "struct", name: "b", size: 0, members: [] });
      b.append({ kind: "typedef", name: "b_t", type: 1 });
      b.append({ kind: "struct", name: "a", size: 0, members: [] });
      b.append({ kind: "enum", name: "z", size: 4, signed: false, values: [{ name: "Z", value: 0 }] });
      b.append({ kind: "fwd", name: "later", union: true });
    };
    const rest = "struct a {};\n\nstruct b {};\n\ntypedef struct b b_t;\n\nunion later;\n\n";
    assert.equal(definitions(build, { sorted: true }), `enum z {\n\tZ = 0,\n};\n\n${rest}`);
    const b = new BtfBuilder();
    build(b);
    assert.ok(formatC(Btf.parse(b.encode()), { likeBpftool: true, header: false }).startsWith(rest));
  });

  test("a split BTF prints the types of its base, too", () => {
    const b = new BtfBuilder();
    b.append({ kind: "struct", name: "old", size: 0, members: [] });
    const base = Btf.parse(b.encode());
    const split = new BtfBuilder({ base });
    split.append({ kind: "struct", name: "new", size: 0, members: [member("old", 1, 0)] });
    const btf = Btf.parse(split.encode(), { base });
    assert.equal(
      formatC(btf, { roots: [2], header: false }),
      "struct old {};\n\nstruct new {\n\tstruct old old;\n};\n\n",
    );
  });
});

describe("hostile BTF as C", () => {
  const print = (data: Uint8Array): void => {
    for (const sorted of [true, false]) {
      try {
        formatC(Btf.parse(data), { sorted });
      } catch (error) {
        if (!(error instanceof FormatError)) throw error;
      }
    }
  };

  test("types that contain or refer to themselves are refused", () => {
    const own = (build: (b: BtfBuilder) => void): Btf => {
      const b = new BtfBuilder();
      build(b);
      return Btf.parse(b.encode());
    };
    const inside = own((b) => b.append({ kind: "struct", name: "s", size: 4, members: [member("s", 1, 0)] }));
    assert.throws(() => formatC(inside), { message: /type 1 contains itself/ });
    const pointer = own((b) => b.append({ kind: "ptr", name: "", type: 1 }));
    assert.throws(() => formatC(pointer, { sorted: false }), { message: /type 1 nests more than 500 types deep/ });
  });

  test("functions that take functions cost no exponential time", () => {
    const b = new BtfBuilder();
    b.append(INT);
    for (let i = 1; i < 60; i++) {
      b.append({ kind: "func_proto", name: "", returns: i, params: [{ name: "f", type: i }] });
    }
    b.append({ kind: "typedef", name: "t", type: 60 });
    assert.throws(() => formatC(Btf.parse(b.encode())), { message: /nested in each other too often/ });
  });

  test("functions with thousands of parameters cost no exponential time", () => {
    const b = new BtfBuilder();
    b.append(INT);
    for (let i = 1; i < 20; i++) {
      const params = Array.from({ length: 3000 }, () => ({ name: "f", type: i }));
      b.append({ kind: "func_proto", name: "", returns: i, params });
    }
    b.append({ kind: "typedef", name: "t", type: 20 });
    const btf = Btf.parse(b.encode());
    assertBounded("functions with many parameters", 2000, () =>
      assert.throws(() => formatC(btf), { message: /nested in each other too often/ }),
    );
  });

  test("a struct of 4 GiB without members is no text of 4 GiB", () => {
    const b = new BtfBuilder();
    for (let i = 0; i < 40; i++) b.append({ kind: "struct", name: `s${i}`, size: 0xffff_fff8, members: [] });
    // The output ends after 4 MB and 4 bytes for each byte of this BTF.
    assert.throws(() => formatC(Btf.parse(b.encode())), { message: /the output has more than 400\d{4} bytes/ });
  });

  test("a struct that is aligned to 1 MiB is printed with its padding", () => {
    const text = definitions((b) => {
      b.append(int("char", 1));
      const members = [member("a", 1, 0), member("b", 1, 8 << 20)];
      b.append({ kind: "struct", name: "aligned", size: 2 << 20, members });
    });
    assert.equal(text.split("\tlong: 64;\n").length - 1, (2 << 20) / 8 - 2);
  });

  test("a long chain of pointers to a forward declaration is refused at once", () => {
    const b = new BtfBuilder();
    for (let i = 1; i <= 60_000; i++) b.append({ kind: "ptr", name: "", type: i + 1 });
    b.append({ kind: "fwd", name: "later", union: false });
    const btf = Btf.parse(b.encode());
    assertBounded("a chain of pointers", 2000, () => assert.throws(() => formatC(btf), FormatError));
  });

  test("references and names out of range are refused", () => {
    const text = (word: number): Btf => Btf.parse(blobOf([0, info(BtfKind.PTR), word], "\0"));
    assert.throws(() => formatC(text(7)), { message: /type 1 refers to type 7, but the last type is 1/ });
    const named = Btf.parse(blobOf([9, info(BtfKind.FWD), 0], "\0"));
    assert.throws(() => formatC(named), { message: /has a name at offset 9, past the end of the strings/ });
  });

  test("any change of any word gives text or a FormatError", () => {
    const { data } = everyKind().btf;
    const { typeLength } = Btf.parse(data).header;
    fc.assert(
      fc.property(fc.nat(typeLength / 4 - 1), fc.integer({ min: 0, max: 0xffff_ffff }), (index, word) => {
        const copy = data.slice();
        new DataView(copy.buffer).setUint32(24 + 4 * index, word, true);
        print(copy);
      }),
      { numRuns: 300 },
    );
  });

  test("every prefix gives text or a FormatError", () => {
    const { data } = everyKind().btf;
    for (let length = 0; length < data.length; length++) {
      assert.throws(() => formatC(Btf.parse(data.subarray(0, length))), FormatError);
    }
  });

  test("both byte orders give the same text", () => {
    const little = everyKind(true);
    assert.equal(formatC(everyKind(false).btf), formatC(little.btf));
    const type: NewBtfType["kind"] = "struct";
    assert.match(formatC(little.btf, { roots: [little.ids.event as TypeId] }), new RegExp(`${type} event \\{`));
  });
});
