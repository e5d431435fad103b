import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { BtfBuilder } from "../../src/btf/index.ts";
import { SectionFlag, SectionType, SymbolType } from "../../src/elf/index.ts";
import { FormatError, UsageError } from "../../src/errors/index.ts";
import { parseObject } from "../../src/object/index.ts";
import { buildElf, type NewSection, type NewSymbol, relocationBytes } from "../elf/build-elf.ts";
import { assertBounded } from "../support/bounded.ts";

const directory = join(process.cwd(), "test/bpf");
const fixtures = readdirSync(directory)
  .filter((name) => name.endsWith(".o"))
  .sort()
  .map((name) => ({ name, data: new Uint8Array(readFileSync(join(directory, name))) }));

/** No input of a few kilobytes may take longer; honest ones take a few milliseconds. */
const MOST_MILLISECONDS = 2000;

/** Parses, and looks at what is made only when it is asked for. Anything but a result and a FormatError is a fault. */
function tryParse(data: Uint8Array, what: string): "parsed" | "refused" {
  return assertBounded(what, MOST_MILLISECONDS, () => parsesOrRefuses(data, what));
}

function parsesOrRefuses(data: Uint8Array, what: string): "parsed" | "refused" {
  try {
    const spec = parseObject(data, { source: "hostile.o", legacyMaps: true });
    for (const program of Object.values(spec.programs)) assert.ok(Array.isArray(program.lines));
    for (const variable of Object.values(spec.variables)) {
      if (variable.offset + variable.size > 1_000_000) continue;
      try {
        assert.notEqual(variable.value, undefined);
      } catch (error) {
        if (!(error instanceof UsageError || error instanceof FormatError)) throw error;
      }
    }
    return "parsed";
  } catch (error) {
    if (!(error instanceof FormatError)) {
      throw new Error(`${what}: ${error instanceof Error ? error.stack : error}`, { cause: error });
    }
    assert.match(error.message, /^hostile\.o/, what);
    return "refused";
  }
}

test("every fixture's prefixes are parsed or refused", () => {
  for (const { name, data } of fixtures) {
    // All of small objects; of others some hundred, and those at the end, where the section headers are.
    const stride = data.length <= 2000 ? 1 : Math.ceil(data.length / 150);
    for (let length = 0; length < data.length; length += length > data.length - 150 ? 1 : stride) {
      tryParse(data.subarray(0, length), `the first ${length} bytes of ${name}`);
    }
  }
});

test("10,000 changed objects are parsed or refused", () => {
  const random = generator(20261120);
  const interesting = [0, 1, 2, 7, 8, 0x7f, 0x80, 0xff, 0xffff, 0x7fffffff, 0x80000000, 0xfffffff8, 0xffffffff];
  const counts = { parsed: 0, refused: 0 };
  for (let i = 0; i < 10_000; i++) {
    const { name, data } = fixtures[i % fixtures.length] as (typeof fixtures)[number];
    const changed = data.slice();
    const view = new DataView(changed.buffer);
    const changes: string[] = [];
    const count = 1 + random(4);
    for (let j = 0; j < count; j++) {
      // Single bytes, single bits, whole fields.
      const at = random(changed.length - 8);
      const value = interesting[random(interesting.length)] as number;
      const kind = random(4);
      if (kind === 0) changed[at] = random(256);
      else if (kind === 1) changed[at] = (changed[at] as number) ^ (1 << random(8));
      else if (kind === 2) view.setUint32(at & ~3, value, true);
      else view.setBigUint64(at & ~7, (BigInt(random(0x100000000)) << 32n) | BigInt(value), random(2) === 0);
      changes.push(`${kind}@${at}=${value}`);
    }
    counts[tryParse(changed, `${name} changed by ${changes}`)]++;
  }
  // Both happen, or the changes are not what they should be.
  assert.ok(counts.parsed > 1000 && counts.refused > 1000, JSON.stringify(counts));
});

test("every u32 of the BTF of an object with all kinds of data, turned into a number too big", () => {
  for (const wanted of ["counter.bpf.o", "maps-nested.bpf.o", "struct-ops.bpf.o", "kfuncs.bpf.o"]) {
    const found = fixtures.find(({ name }) => name === wanted);
    assert.ok(found);
    for (let at = 64; at + 4 <= found.data.length; at += 4) {
      const changed = found.data.slice();
      new DataView(changed.buffer).setUint32(at, 0xfffffff0, true);
      tryParse(changed, `${wanted} with 0xfffffff0 at ${at}`);
    }
  }
});

const EXIT = Uint8Array.of(0x95, 0, 0, 0, 0, 0, 0, 0);

function object(sections: readonly NewSection[], symbols: readonly NewSymbol[], btf?: BtfBuilder): Uint8Array {
  const all = btf === undefined ? sections : [...sections, { name: ".BTF", data: btf.encode() }];
  return buildElf({ sections: all, symbols });
}

test("a map whose type is a cycle, or deeper than any type, is refused", () => {
  for (const depth of [40, 50_000]) {
    const btf = new BtfBuilder();
    let type = btf.add({
      kind: "int",
      name: "int",
      size: 4,
      signed: true,
      char: false,
      bool: false,
      bitOffset: 0,
      bits: 32,
    });
    for (let i = 0; i < depth; i++) type = btf.add({ kind: "typedef", name: `t${i}`, type });
    const variable = btf.add({ kind: "var", name: "map", type, linkage: "global" });
    btf.add({ kind: "datasec", name: ".maps", size: 8, variables: [{ type: variable, offset: 0, size: 8 }] });
    const data = object(
      [{ name: ".maps", data: new Uint8Array(8) }],
      [{ name: "map", section: 1, size: 8, type: SymbolType.STT_OBJECT }],
      btf,
    );
    assert.throws(() => parseObject(data), FormatError);
  }
  const btf = new BtfBuilder();
  btf.add({ kind: "typedef", name: "a", type: 2 });
  btf.add({ kind: "const", name: "", type: 1 });
  const variable = btf.add({ kind: "var", name: "map", type: 1, linkage: "global" });
  btf.add({ kind: "datasec", name: ".maps", size: 8, variables: [{ type: variable, offset: 0, size: 8 }] });
  const data = object(
    [{ name: ".maps", data: new Uint8Array(8) }],
    [{ name: "map", section: 1, size: 8, type: SymbolType.STT_OBJECT }],
    btf,
  );
  assert.throws(() => parseObject(data), FormatError);
});

test("a chain of functions as long as the file allows is linked without recursion", () => {
  const count = 50_000;
  const code = new Uint8Array(16 * count);
  const view = new DataView(code.buffer);
  for (let i = 0; i < count; i++) {
    if (i + 1 < count) {
      code.set([0x85, 0x10], 16 * i);
      view.setInt32(16 * i + 4, 1, true);
    } else code.set(EXIT, 16 * i);
    code.set(EXIT, 16 * i + 8);
  }
  const symbols: NewSymbol[] = [{ name: "main", section: 2, size: 16, type: SymbolType.STT_FUNC }];
  for (let i = 0; i < count; i++)
    symbols.push({ name: `f${i}`, section: 1, value: 16 * i, size: 16, type: SymbolType.STT_FUNC });
  const main = Uint8Array.of(0x85, 0x10, 0, 0, 0xff, 0xff, 0xff, 0xff, ...EXIT);
  const spec = parseObject(
    object(
      [
        { name: ".text", flags: SectionFlag.SHF_EXECINSTR, data: code },
        { name: "xdp", flags: SectionFlag.SHF_EXECINSTR, data: main },
        { name: ".relxdp", type: SectionType.SHT_REL, info: 2, data: relocationBytes([{ offset: 0, symbol: 2 }]) },
      ],
      symbols,
    ),
  );
  assert.equal(spec.programs.main?.functions.length, count + 1);
});

test("thousands of programs that link one big function end in an error", () => {
  const programs = 2000;
  const big = new Uint8Array(8 * 20_000).fill(0);
  big.set(EXIT, big.length - 8);
  const main = new Uint8Array(16 * programs);
  const symbols: NewSymbol[] = [{ name: "big", section: 1, size: big.length, type: SymbolType.STT_FUNC }];
  const relocations = [];
  for (let i = 0; i < programs; i++) {
    main.set([0x85, 0x10, 0, 0, 0xff, 0xff, 0xff, 0xff, ...EXIT], 16 * i);
    symbols.push({ name: `p${i}`, section: 2, value: 16 * i, size: 16, type: SymbolType.STT_FUNC });
    relocations.push({ offset: 16 * i, symbol: 1 });
  }
  const data = object(
    [
      { name: ".text", flags: SectionFlag.SHF_EXECINSTR, data: big },
      { name: "xdp", flags: SectionFlag.SHF_EXECINSTR, data: main },
      { name: ".relxdp", type: SectionType.SHT_REL, info: 2, data: relocationBytes(relocations) },
    ],
    symbols,
  );
  assert.throws(() => parseObject(data), /have more than 16000000 instructions/);
});

test("sizes and offsets beyond 2^32 and 2^53 are refused, or cost nothing", () => {
  const code = { name: "xdp", flags: SectionFlag.SHF_EXECINSTR, data: EXIT };
  const func = { name: "f", section: 1, size: 8, type: SymbolType.STT_FUNC };
  const refused: readonly [what: string, data: Uint8Array, message: RegExp][] = [
    ["a function's place", object([code], [{ ...func, value: 2 ** 40 }]), /function f of 8 bytes ends past/],
    ["a function's size", object([code], [{ ...func, size: 2 ** 60 }]), /function f of \d+ bytes ends past/],
    ["a section", object([{ ...code, size: 2 ** 45 }], [func]), /section xdp of 35184372088832 bytes ends past/],
    [
      "a .bss",
      object([code, { name: ".bss", type: SectionType.SHT_NOBITS, size: 2 ** 40 }], [func]),
      /but the value of a map can have at most/,
    ],
  ];
  for (const [what, data, message] of refused) assert.throws(() => parseObject(data), message, what);
  const spec = parseObject(object([code, { name: ".bss", type: SectionType.SHT_NOBITS, size: 2 ** 31 - 1 }], [func]));
  assert.equal(spec.maps[".bss"]?.valueSize, 2 ** 31 - 1);
});

test("sections that all claim the same bytes are refused", () => {
  const data = buildElf({
    sections: Array.from({ length: 200 }, (_, i) => ({ name: `.data.${i}`, data: new Uint8Array(64) })),
  });
  const view = new DataView(data.buffer);
  const headers = Number(view.getBigUint64(40, true));
  for (let i = 1; i <= 200; i++) {
    view.setBigUint64(headers + 64 * i + 24, 64n, true);
    view.setBigUint64(headers + 64 * i + 32, 10_000n, true);
  }
  assert.throws(() => parseObject(data), /sections overlap/);
});

/** A small seeded generator (mulberry32): a number below `bound`. */
function generator(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4294967296) * bound);
  };
}
