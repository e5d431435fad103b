import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { Btf, BtfBuilder, BtfKind } from "../../src/btf/index.ts";
import { FormatError } from "../../src/errors/index.ts";

const VMLINUX = "/sys/kernel/btf/vmlinux";

/** Types whose names begin alike, with flavours, twice the same, and members and sizes that look like name offsets. */
function sample(): Uint8Array {
  const builder = new BtfBuilder();
  const int = builder.add({
    kind: "int",
    name: "int",
    size: 4,
    signed: true,
    char: false,
    bool: false,
    bitOffset: 0,
    bits: 32,
  });
  const names = [
    "file",
    "file___old",
    "file_operations",
    "file___",
    "profile",
    "file___a___b",
    "___file",
    "f",
    "f___x",
  ];
  for (const name of names) {
    const members = [
      { name, type: int, bitOffset: 0, bitSize: 3 },
      { name: "file", type: int, bitOffset: 5, bitSize: 7 },
    ];
    builder.add({ kind: "struct", name, size: 5, members });
  }
  builder.add({ kind: "typedef", name: "file", type: int });
  // An array as long as the offset of a name is no type of that name.
  for (let length = 1; length < 64; length++)
    builder.add({ kind: "array", name: "", type: int, indexType: int, length });
  return builder.encode();
}

describe("names of a lazy BTF", () => {
  const blobs: [string, Uint8Array][] = [["a sample", sample()]];
  if (existsSync(VMLINUX)) blobs.push(["the running kernel's", readFileSync(VMLINUX)]);
  const names = [
    "file",
    "f",
    "file_operations",
    "profile",
    "sock",
    "task_struct",
    "list_head",
    "nothing_of_this_name",
    "int",
    "",
  ];
  for (const [what, data] of blobs) {
    it(`are found as by a pass over all types: ${what}`, () => {
      const eager = Btf.parse(data);
      for (const name of names) {
        const lazy = () => Btf.parse(data, { lazy: true });
        assert.deepEqual(lazy().findAll(name), eager.findAll(name), name);
        assert.deepEqual(lazy().findByEssentialName(name), eager.findByEssentialName(name), name);
        assert.equal(lazy().find(name, BtfKind.STRUCT), eager.find(name, BtfKind.STRUCT), name);
        assert.deepEqual(lazy().findByEssentialNames([name, "int"]), eager.findByEssentialNames([name, "int"]), name);
      }
      assert.equal(Btf.parse(data, { lazy: true }).endId, eager.endId);
      const last = eager.endId - 1;
      assert.deepEqual(Btf.parse(data, { lazy: true }).type(last), eager.type(last));
      assert.throws(() => Btf.parse(data, { lazy: true }).type(last + 1), FormatError);
    });
  }

  it("say where the types are wrong when they come there", () => {
    const data = sample();
    const { header } = Btf.parse(data);
    // The kind of the last array.
    data[header.typeStart + header.typeLength - 4 * 6 + 7] = 0x7f;
    assert.throws(() => Btf.parse(data), /unknown kind 127/);
    const lazy = Btf.parse(data, { lazy: true });
    assert.throws(() => lazy.find("file"), /unknown kind 127/);
  });
});
