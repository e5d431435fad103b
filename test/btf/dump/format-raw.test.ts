import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Btf, BtfBuilder, formatC, formatRaw, type TypeId } from "../../../src/btf/index.ts";
import { everyKind } from "../samples.ts";

describe("raw types", () => {
  const { btf, ids } = everyKind();

  test("every kind has its fields", () => {
    const line = (key: string): string => formatRaw(btf, { roots: [ids[key] as TypeId] }).replace(/^\[\d+\] /, "");
    assert.equal(line("int"), "INT 'int' size=4 bits_offset=0 nr_bits=32 encoding=SIGNED\n");
    assert.equal(line("ptr"), "PTR '(anon)' type_id=1\n");
    assert.equal(line("text"), `ARRAY '(anon)' type_id=${ids.char} index_type_id=1 nr_elems=16\n`);
    assert.equal(
      line("bits"),
      [
        "STRUCT 'bits' size=8 vlen=3",
        "'a' type_id=1 bits_offset=0 bitfield_size=3",
        "'b' type_id=1 bits_offset=3 bitfield_size=7",
        `'c' type_id=${ids.u8} bits_offset=32\n`,
      ].join("\n\t"),
    );
    assert.equal(line("enum"), "ENUM 'color' encoding=SIGNED size=4 vlen=2\n\t'RED' val=-1\n\t'GREEN' val=2\n");
    assert.equal(
      line("enum64"),
      "ENUM64 'wide' encoding=UNSIGNED size=8 vlen=1\n\t'TOP' val=18446744073709551600ULL\n",
    );
    assert.equal(line("fwd"), "FWD 'later' fwd_kind=union\n");
    assert.equal(
      line("func_proto"),
      `FUNC_PROTO '(anon)' ret_type_id=1 vlen=2\n\t'x' type_id=${ids.long}\n\t'(anon)' type_id=0\n`,
    );
    assert.equal(line("func"), `FUNC 'main' type_id=${ids.func_proto} linkage=global\n`);
    assert.equal(line("var"), `VAR 'counter' type_id=${ids.long}, linkage=global\n`);
    assert.equal(
      line("datasec"),
      `DATASEC '?.data.x' size=8 vlen=1\n\ttype_id=${ids.var} offset=0 size=8 (VAR 'counter')\n`,
    );
    assert.equal(line("float"), "FLOAT 'double' size=8\n");
    assert.equal(line("decl_tag"), `DECL_TAG 'tag' type_id=${ids.func} component_idx=0\n`);
    assert.equal(line("type_tag"), "TYPE_TAG 'user' type_id=1\n");
    assert.equal(formatRaw(btf, { roots: [0] }), "[0] UNKNOWN '(anon)'\n");
  });

  test("JSON says the same", () => {
    const { types } = JSON.parse(formatRaw(btf, { style: "json" })) as { types: Record<string, unknown>[] };
    assert.equal(types.length, btf.endId - 1);
    assert.deepEqual(types[(ids.bits as number) - 1], {
      id: ids.bits,
      kind: "STRUCT",
      name: "bits",
      size: 8,
      vlen: 3,
      members: [
        { name: "a", type_id: 1, bits_offset: 0, bitfield_size: 3 },
        { name: "b", type_id: 1, bits_offset: 3, bitfield_size: 7 },
        { name: "c", type_id: ids.u8, bits_offset: 32 },
      ],
    });
    assert.deepEqual(JSON.parse(formatRaw(btf, { style: "pretty-json" })), { types });
    assert.equal(formatRaw(btf, { style: "pretty-json", roots: [] }), '{\n    "types": []\n}');
  });

  test("names are escaped in JSON, and unsigned enumerators keep their value unless bpftool's fault is wanted", () => {
    const b = new BtfBuilder();
    const values = [{ name: "TOP", value: 0xf000_0000 }];
    b.append({ kind: "enum", name: 'a"b\\c\t', size: 4, signed: false, values });
    const own = Btf.parse(b.encode());
    const read = (likeBpftool: boolean): string => formatRaw(own, { style: "json", likeBpftool });
    assert.match(read(false), /"name":"a\\"b\\\\c\\t",.*"val":4026531840}/);
    assert.match(read(true), /"val":18446744073441116160}/);
  });

  test("no control character of a name reaches a terminal: raw, JSON and C", () => {
    const b = new BtfBuilder();
    const hostile = "a\nb\u001b[31m\u007f\u009bé";
    const int = b.append({
      kind: "int",
      name: "int",
      size: 4,
      signed: true,
      char: false,
      bool: false,
      bitOffset: 0,
      bits: 32,
    });
    b.append({
      kind: "struct",
      name: hostile,
      size: 4,
      members: [{ name: hostile, type: int, bitOffset: 0 }],
    } as never);
    const own = Btf.parse(b.encode());
    const name = "a\\nb\\u001b[31m\\u007f\\u009bé";
    const raw = formatRaw(own).split("\n");
    assert.deepEqual(raw.slice(1), [`[2] STRUCT '${name}' size=4 vlen=1`, `\t'${name}' type_id=1 bits_offset=0`, ""]);
    const json = formatRaw(own, { style: "json" });
    assert.doesNotMatch(json, /\p{Cc}/u);
    assert.equal(JSON.parse(json).types[1].name, hostile);
    const c = formatC(own);
    assert.ok(c.includes(`struct ${name} {\n\tint ${name};\n}`), c);
    assert.doesNotMatch(c.replace(/[\n\t]/g, ""), /\p{Cc}/u);
  });

  test("a split BTF prints its own types", () => {
    const split = new BtfBuilder({ base: btf });
    split.append({ kind: "ptr", name: "", type: 1 });
    const own = Btf.parse(split.encode(), { base: btf });
    assert.equal(formatRaw(own), `[${btf.endId}] PTR '(anon)' type_id=1\n`);
  });
});
