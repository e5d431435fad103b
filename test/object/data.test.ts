import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { UsageError } from "../../src/errors/index.ts";
import { parseObject } from "../../src/object/index.ts";
import { existing, fixture } from "./fixtures.ts";

const MMAPABLE = 0x400;
const RDONLY_PROG = 0x80;

for (const variant of ["", "-be"]) {
  test(`data-sections${variant}: each section is a map, mapped where a variable is open, read-only where constant`, () => {
    const { maps } = fixture(`data-sections${variant}`);
    assert.deepEqual(
      Object.values(maps).map((map) => [map.name, map.kernelName, map.valueSize, map.flags, map.frozen]),
      [
        [".data", "data_sec.data", 16, MMAPABLE, false],
        [".rodata", "data_sec.rodata", 16, RDONLY_PROG | MMAPABLE, true],
        [".data.custom", ".data.custom", 12, MMAPABLE, false],
        [".rodata.custom", ".rodata.custom", 4, RDONLY_PROG | MMAPABLE, true],
        [".data.a_rather_long_name", ".data.a_rather_", 6, MMAPABLE, false],
        [".bss", "data_sec.bss", 24, MMAPABLE, false],
        [".bss.custom", ".bss.custom", 4, MMAPABLE, false],
      ],
    );
  });

  test(`data-sections${variant}: open variables are there by name, static and hidden ones are not`, () => {
    const { variables, maps, btf } = fixture(`data-sections${variant}`);
    assert.deepEqual(Object.keys(variables).sort(), [
      "constant",
      "custom_bss",
      "custom_constant",
      "custom_data",
      "initialized",
      "unaligned_pair",
      "weak_initialized",
      "zero",
    ]);
    const { constant, custom_data, initialized, zero } = variables;
    assert.deepEqual([constant?.value, constant?.isConstant, constant?.sectionName], [7, true, ".rodata"]);
    assert.deepEqual([custom_data?.value, initialized?.value, zero?.value], [[1, 2, 3], 0x11223344, 0n]);
    existing(initialized).value = 5;
    const { offset } = existing(initialized);
    const bytes = existing(maps[".data"]?.contents);
    assert.equal(new DataView(bytes.buffer, bytes.byteOffset).getUint32(offset, variant === ""), 5);
    // The BTF knows places and sizes now, which the compiler had left out.
    const datasec = existing(btf).type(existing(maps[".bss"]).valueTypeId);
    assert.ok(datasec.kind === "datasec" && datasec.size === 24);
    const offsets = datasec.variables.map((variable) => variable.offset);
    assert.deepEqual(
      offsets,
      [...offsets].sort((a, b) => a - b),
    );
    assert.ok(offsets.at(-1) !== 0);
  });
}

test("a variable takes a value of its type and nothing else", () => {
  const { variables } = fixture("data-types");
  const values: readonly [name: string, value: unknown][] = [
    ["byte", 200],
    ["signed_byte", -100],
    ["wide", 18000000000000000000n],
    ["flag", true],
    ["limits", -5],
    ["text", "some text"],
    [
      "matrix",
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
    ],
  ];
  for (const [name, value] of values) assert.deepEqual(existing(variables[name]).value, value, name);
  const byte = existing(variables.byte);
  assert.throws(
    () => (byte.value = 256),
    (error) => error instanceof UsageError && /byte.*256/.test(error.message),
  );
  assert.throws(() => (byte.value = "x"), UsageError);
  assert.throws(() => (byte.bytes = new Uint8Array(2)), /variable byte takes 1 bytes, not 2/);
  byte.value = 3;
  assert.deepEqual([...byte.bytes], [3]);
  existing(variables.text).value = "changed";
  assert.equal(variables.text?.value, "changed");
});

test("kconfig externs that would fill the memory are refused", () => {
  const bytes = readFileSync("test/bpf/kconfig.bpf.o");
  // BTF_KIND_ARRAY of 32 elements, without a name; its element and index types lie between.
  const header = Buffer.from([0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0]);
  let arrays = 0;
  for (let at = bytes.indexOf(header); at >= 0; at = bytes.indexOf(header, at + 4)) {
    if (bytes.readUInt32LE(at + 20) !== 32) continue;
    bytes.writeUInt32LE(1_900_000_000, at + 20);
    arrays++;
  }
  assert.equal(arrays, 1);
  assert.throws(
    () => parseObject(bytes),
    /the __kconfig externs need 1900000\d{3} bytes, but at most 1048576 are allowed$/,
  );
});

test("kconfig externs are laid out as libbpf does", () => {
  const { externs, maps } = fixture("kconfig");
  const layout = Object.values(externs).map(({ name, weak, source }) => {
    assert.ok(source.kind === "kconfig");
    return [name, weak, source.type, source.offset, source.size];
  });
  assert.deepEqual(layout.slice(0, 6), [
    ["CONFIG_NR_CPUS", false, "int", 0, 8],
    ["CONFIG_BPF_JIT", false, "tristate", 8, 4],
    ["CONFIG_HZ", false, "int", 12, 4],
    ["CONFIG_NUMBER_NOT_THERE", true, "int", 16, 4],
    ["LINUX_KERNEL_VERSION", false, "int", 20, 4],
    ["CONFIG_BPF", false, "char", 24, 1],
  ]);
  const map = existing(maps[".kconfig"]);
  const last = existing(layout.at(-1));
  assert.equal(map.valueSize, Number(last[3]) + Number(last[4]));
  assert.deepEqual(
    [map.source, map.kernelName, map.frozen, map.contents?.length],
    ["kconfig", "kconfig.kconfig", true, map.valueSize],
  );
});

test("kernel symbols: with a type, without one, weak", () => {
  const { externs, btf } = fixture("ksyms-typed");
  const { runqueues } = externs;
  assert.ok(runqueues?.source.kind === "ksym" && runqueues.source.typeId !== 0);
  const types = existing(btf);
  const section = types.type(existing(types.find(".ksyms")));
  // For the kernel they are ints of the section, one behind the other.
  assert.ok(section.kind === "datasec" && section.size === 4 * section.variables.length);
  const untyped = existing(fixture("ksyms").externs.bpf_prog_put);
  assert.deepEqual(untyped.source, { kind: "ksym", typeId: 0 });
});

test("maps of data sections are named after the object", () => {
  const named = (name: string) => existing(fixture("counter", { name }).maps[".bss"]).kernelName;
  assert.deepEqual([named("a"), named("exactly8"), named("rather-long")], ["a.bss", "exactly8.bss", "rather_l.bss"]);
  assert.match(named("ünï"), /^_+n_+\.bss$/);
});

test("names that every JavaScript object has are ordinary names", () => {
  const { programs, maps, variables, externs } = fixture("minimal");
  for (const record of [programs, maps, variables, externs]) assert.equal(record.constructor, undefined);
});

test("changing the contents of a map does not change the bytes of the object", () => {
  const file = readFileSync("test/bpf/data-sections.bpf.o");
  const before = file.toString("hex");
  for (const map of Object.values(parseObject(file, { name: "data" }).maps)) map.contents?.fill(0xff);
  assert.equal(file.toString("hex"), before);
});
