import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Btf, BtfBuilder, BtfKind, parseBtfExt } from "../../../src/btf/index.ts";
import { parseElf, SymbolBinding, SymbolVisibility } from "../../../src/elf/index.ts";
import { FormatError, UsageError } from "../../../src/errors/index.ts";
import { LinkError, linkObjects, parseObject } from "../../../src/object/index.ts";
import { ComparisonBudget, typeDifference } from "../../../src/object/linker/symbol-types.ts";
import { assertBounded } from "../../support/bounded.ts";
import { linked, part, withoutPlaces } from "./outputs.ts";

const golden = (name: string): Uint8Array => new Uint8Array(readFileSync(`test/bpf/${name}.bpf.o`));

test("two objects give the bytes of bpftool", () => {
  assert.deepEqual(linked("linked-main", "linked-other"), golden("linked"));
});

test("a Buffer is read as other bytes are, and stays as it is", () => {
  const files = ["linked-main", "linked-other"].map((name) => ({ source: name, data: Buffer.from(part(name).data) }));
  assert.deepEqual(linkObjects(files), golden("linked"));
  assert.deepEqual(new Uint8Array(files[0]?.data ?? []), part("linked-main").data);
});

for (const [name, ...parts] of [
  ["joined-ab", "joined-a", "joined-b"],
  ["joined-abc", "joined-a", "joined-b", "joined-c"],
  ["joined-cba", "joined-c", "joined-b", "joined-a"],
  ["joined-abc-be", "joined-a-be", "joined-b-be", "joined-c-be"],
] as const) {
  test(`${parts.join(" + ")} give the bytes of bpftool, apart from places that it leaves wrong`, () => {
    assert.deepEqual(withoutPlaces(linked(...parts)), withoutPlaces(golden(name)));
  });
}

for (const suffix of ["", "-be"]) {
  const parts = ["joined-a", "joined-b", "joined-c"].map((name) => `${name}${suffix}`);

  test(`each variable of the BTF has the place of its symbol${suffix && ", big-endian"}`, () => {
    for (const names of [parts, [...parts].reverse()]) {
      const elf = parseElf(linked(...names), "linked.o");
      const symbols = new Map([...(elf.symbols ?? [])].map((symbol) => [symbol.name, symbol]));
      const types = elf.sections.find(({ name }) => name === ".BTF");
      assert.ok(types);
      const btf = Btf.parse(elf.contents(types));
      let compared = 0;
      for (const id of btf.idsOf(BtfKind.DATASEC)) {
        const datasec = btf.type(id);
        assert.ok(datasec.kind === "datasec");
        const section = elf.sections.find(({ name }) => name === datasec.name);
        assert.equal(datasec.size, section?.size ?? 0, datasec.name);
        for (const { type, offset, size } of datasec.variables) {
          const variable = btf.type(type);
          if (variable.kind !== "var" || variable.linkage !== "global") continue;
          const symbol = symbols.get(variable.name);
          assert.deepEqual(
            [offset, size, section?.index],
            [symbol?.value, symbol?.size, symbol?.section],
            variable.name,
          );
          compared++;
        }
      }
      assert.equal(compared, 18);
    }
  });

  test(`a program runs the code of other parts, and statics of one name stay apart${suffix && ", big-endian"}`, () => {
    const spec = parseObject(linked(...parts), { source: "linked.o" });
    assert.deepEqual(Object.keys(spec.programs).sort(), [
      "first",
      "joined_cong_avoid",
      "joined_ssthresh",
      "joined_undo_cwnd",
      "second",
      "target",
      "third",
    ]);
    const first = spec.program("first").functions.map(({ name, typeId }) => `${name} ${spec.btf?.name(typeId)}`);
    const names = ["first", "weigh", "prefer", "same_step", "replaced", "kept", "same_callback"];
    // prefer() of part b calls the same_step() of part b.
    assert.deepEqual(first.sort(), [...names, "same_step"].map((name) => `${name} ${name}`).sort());
    const maps = [".bss", ".data", ".data.extra", ".kconfig", ".rodata", "counts", "inner_map", "joined_ops", "jumps"];
    assert.deepEqual(Object.keys(spec.maps).sort(), [...maps, "outer", "shared"]);
    assert.deepEqual(spec.map("jumps").slots, [{ index: 0, target: "target" }]);
    assert.deepEqual(spec.map("outer").slots, [{ index: 1, target: "inner_map" }]);
    assert.equal(spec.variable("threshold").value, 2, "the strong one");
    assert.equal(spec.variable("total").value, 10n, "the first weak one");
    assert.equal(spec.license, "GPL");
    assert.equal(spec.kernelVersion, 0x60c00);
  });

  test(`symbols are as strong and as hidden as the strictest of the parts${suffix && ", big-endian"}`, () => {
    const elf = parseElf(linked(...parts), "linked.o");
    const of = (name: string) => [...(elf.symbols ?? [])].find((symbol) => symbol.name === name);
    const { STB_GLOBAL, STB_WEAK } = SymbolBinding;
    assert.equal(of("CONFIG_BPF")?.binding, STB_GLOBAL, "weak here, strong there");
    assert.equal(of("bpf_link_fops")?.binding, STB_WEAK);
    assert.equal(of("kept")?.binding, STB_WEAK);
    assert.equal(of("replaced")?.binding, STB_GLOBAL);
    assert.equal(of("prefer")?.visibility, SymbolVisibility.STV_HIDDEN, "hidden by the extern");
    assert.equal(of("empty")?.visibility, SymbolVisibility.STV_HIDDEN);
  });
}

test("an object in parts of parts is the same program", () => {
  // The extern map of a and b stays an extern, so that the definition of c still fits.
  const ab = { source: "ab.o", data: linked("joined-a", "joined-b") };
  const spec = parseObject(linkObjects([ab, part("joined-c")]), { source: "abc.o" });
  const direct = parseObject(linked("joined-a", "joined-b", "joined-c"), { source: "abc.o" });
  assert.deepEqual(Object.keys(spec.programs), Object.keys(direct.programs));
  assert.deepEqual(spec.program("first").instructions, direct.program("first").instructions);
  assert.deepEqual(spec.map("jumps").slots, [{ index: 0, target: "target" }]);
});

test("records of .BTF.ext belong to the functions and lines that they belonged to", () => {
  const texts = (data: Uint8Array, sectionName: string): string[] => {
    const elf = parseElf(data, "object.o");
    const contents = (name: string) => {
      const section = elf.sections.find((each) => each.name === name);
      assert.ok(section);
      return elf.contents(section);
    };
    const btf = Btf.parse(contents(".BTF"));
    const ext = parseBtfExt(contents(".BTF.ext"));
    const of = <T extends { nameOffset: number }>(list: readonly T[]) =>
      list.filter(({ nameOffset }) => btf.string(nameOffset) === sectionName);
    const out: string[] = [];
    for (const section of of(ext.funcInfos)) {
      for (let i = 0; i < section.count; i++) out.push(btf.name(section.funcInfo(i).typeId));
    }
    for (const section of of(ext.lineInfos)) {
      for (let i = 0; i < section.count; i++) out.push(btf.string(section.lineInfo(i).lineOffset));
    }
    for (const section of of(ext.coreRelocations)) {
      for (let i = 0; i < section.count; i++) {
        const { typeId, accessString, kind } = section.coreRelocation(i, btf);
        out.push(`${btf.name(typeId)} ${accessString} ${kind}`);
      }
    }
    return out.sort();
  };
  const together = texts(linked("joined-a", "joined-b", "joined-c"), "tc");
  const apart = ["a", "b", "c"].flatMap((name) => texts(part(`joined-${name}`).data, "tc"));
  assert.deepEqual(together, apart.sort());
  assert.ok(together.some((text) => text.startsWith("task_struct")));
});

const REFUSALS: readonly (readonly [part: string, message: string])[] = [
  [
    "function",
    "add is defined both here and in joined-strict.bpf.o; make one of them static or weak (__weak), or rename it",
  ],
  [
    "parameters",
    "add does not have the same type as in joined-strict.bpf.o: the number of its parameters is 1 here, but 2 there",
  ],
  [
    "variable",
    "number does not have the same type as in joined-strict.bpf.o: unsigned long long of 8 bytes here, but unsigned int of 4 there",
  ],
  [
    "member",
    'pair does not have the same type as in joined-strict.bpf.o: member 2 of struct pair is "other" here, but "second" there',
  ],
  ["entries", "the map map is not defined as in joined-strict.bpf.o: its max_entries is 32 here, but 16 there"],
  [
    "value",
    "the map map is not defined as in joined-strict.bpf.o: its value: struct pair here, but unsigned long long there",
  ],
  [
    "inner",
    "the map maps is not defined as in joined-strict.bpf.o: max_entries of the inner map is 8 here, but 4 there",
  ],
  [
    "license",
    'its license is "Dual BSD/GPL", but joined-strict.bpf.o has "GPL"; all files of an object must have the same license',
  ],
  ["flags", "section .extra has the flags 2, but 3 in joined-strict.bpf.o; they cannot be one section"],
  ["btf", "it has no BTF, which the global symbol part needs: compile with -g"],
];

for (const [name, problem] of REFUSALS) {
  test(`parts that do not fit are refused: ${name}`, () => {
    const source = `joined-refused-${name}.bpf.o`;
    assert.throws(
      () => linked("joined-strict", `joined-refused-${name}`),
      (error) => error instanceof LinkError && error.message === `${source}: ${problem}` && error.errno === 22,
    );
  });
}

test("files of another byte order, kind or machine are refused", () => {
  assert.throws(() => linked("minimal", "minimal-be"), {
    message: "minimal-be.bpf.o: it is big-endian, but minimal.bpf.o is little-endian; compile both for the same target",
    errno: 95,
  });
  const changed = (at: number, value: number) => {
    const { source, data } = part("minimal");
    const copy = data.slice();
    new DataView(copy.buffer).setUint16(at, value, true);
    return () => linkObjects([part("minimal"), { source, data: copy }]);
  };
  assert.throws(changed(16, 2), (error) => error instanceof LinkError && error.errno === 95);
  assert.throws(changed(18, 62), (error) => error instanceof LinkError && error.errno === 95);
  assert.throws(changed(18, 0), /minimal\.bpf\.o: its machine is 0, not BPF \(247\)/);
  assert.throws(() => linkObjects([{ source: "text.o", data: new TextEncoder().encode("text") }]), {
    message: /^text\.o: .*not an ELF file/,
    code: "FORMAT",
  });
  assert.throws(() => linkObjects([]), UsageError);
});

test("code of a second file may refer to the license, which is there once", () => {
  const { data, source } = part("joined-b");
  const elf = parseElf(data, source);
  const license = [...(elf.symbols ?? [])].find(({ name }) => name === "_license");
  const relocations = elf.sections.find(({ name }) => name === ".reltc");
  assert.ok(license && relocations);
  const changed = data.slice();
  new DataView(changed.buffer).setUint32(relocations.offset + 12, license.index, true);
  const result = parseElf(linkObjects([part("joined-a"), { source, data: changed }]), "linked.o");
  const section = result.sections.find(({ name }) => name === ".reltc");
  assert.ok(section && result.symbols);
  const own = elf.relocations(relocations).length;
  const first = result.relocations(section).slice(-own)[0];
  assert.ok(first);
  assert.equal(result.symbols.at(first.symbol).name, "_license");
});

function linksOrRefuses(data: Uint8Array, what: string): "linked" | "refused" {
  const changed = { source: "hostile.o", data };
  let outcome: "linked" | "refused" = "linked";
  for (const files of [[changed], [part("joined-b"), changed]]) {
    try {
      linkObjects(files);
    } catch (error) {
      if (!(error instanceof FormatError)) throw new Error(`${what}: ${(error as Error).stack}`, { cause: error });
      outcome = "refused";
    }
  }
  return outcome;
}

test("damaged objects are linked or refused", () => {
  const counts = { linked: 0, refused: 0 };
  for (const name of ["joined-a", "joined-c"]) {
    const { data } = part(name);
    for (let length = 0; length < data.length; length += 397)
      linksOrRefuses(data.subarray(0, length), `${length} bytes`);
    for (let at = 0; at + 4 <= data.length; at += 84) {
      for (const value of [1, 0xfffffff0]) {
        const changed = data.slice();
        new DataView(changed.buffer).setUint32(at, value, true);
        counts[linksOrRefuses(changed, `${name} with ${value} at ${at}`)]++;
      }
    }
  }
  assert.ok(counts.linked > 50 && counts.refused > 50, JSON.stringify(counts));
});

test("a small file does not make a large one by its alignments", () => {
  const { data, source } = part("joined-a");
  const elf = parseElf(data, source);
  const changed = data.slice();
  const view = new DataView(changed.buffer);
  const headers = Number(view.getBigUint64(40, true));
  for (const { index } of elf.sections) if (index > 0) view.setBigUint64(headers + 64 * index + 48, 1n << 40n, true);
  assert.throws(
    () => linkObjects([{ source, data: changed }]),
    /its alignment \d+ is not a power of two up to 1048576/,
  );
  for (const { index } of elf.sections) if (index > 0) view.setBigUint64(headers + 64 * index + 48, 1n << 20n, true);
  const file = { source, data: changed };
  assert.throws(() => linkObjects(Array(40).fill(file)), FormatError);
});

test("comparing types that contain each other very often ends", () => {
  const builder = new BtfBuilder();
  let type = builder.add({
    kind: "int",
    name: "int",
    size: 4,
    signed: true,
    char: false,
    bool: false,
    bitOffset: 0,
    bits: 32,
  });
  for (let depth = 0; depth < 30; depth++) {
    const members = ["a", "b"].map((name) => ({ name, type, bitOffset: 0, bitSize: 0 }));
    type = builder.add({ kind: "struct", name: `s${depth}`, size: 4, members });
  }
  const file = { btf: Btf.parse(builder.encode(), { source: "deep.o" }), id: type, source: "deep.o" };
  assertBounded("the comparison of nested structs", 4000, () => {
    assert.throws(
      () => typeDifference(file, file, new ComparisonBudget()),
      /deep\.o: comparing .* would take too long/,
    );
  });
});
