import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import {
  findFunction,
  matchingFunctions,
  parseElf,
  readUsdtNotes,
  SectionType,
  SegmentFlag,
  SegmentType,
  segmentAt,
} from "../../src/elf/index.ts";
import { BpfError, UsageError } from "../../src/errors/index.ts";
import { buildElf } from "./build-elf.ts";

const FUNCTION = 2;
const WEAK = 2;

const sections = [
  { name: ".text", data: new Uint8Array(256) },
  { name: ".other", data: new Uint8Array(256) },
];

test("a function is found by its name; a weak one gives way, two strong ones are refused", () => {
  const elf = parseElf(
    buildElf({
      sections,
      symbols: [
        { name: "one", type: FUNCTION, section: 1, value: 16 },
        { name: "weak", type: FUNCTION, binding: WEAK, section: 1, value: 32 },
        { name: "weak", type: FUNCTION, section: 1, value: 48 },
        { name: "two", type: FUNCTION, section: 1, value: 64 },
        { name: "two", type: FUNCTION, section: 1, value: 80 },
        { name: "twice", type: FUNCTION, section: 1, value: 96 },
        { name: "twice", type: FUNCTION, section: 1, value: 96 },
        { name: "data", type: 1, section: 1, value: 8 },
        { name: "imported", type: FUNCTION, section: 0 },
        { name: "indirect", type: 10, section: 1, value: 128 },
        { name: "named@V1", type: FUNCTION, section: 1, value: 144 },
        { name: "named@@V2", type: FUNCTION, section: 1, value: 160 },
        { name: "elsewhere", type: FUNCTION, section: 2, value: 4 },
      ],
    }),
    "program",
  );
  const [, text, other] = elf.sections;
  assert.ok(text && other);
  const found: readonly [name: string, offset: number][] = [
    ["one", text.offset + 16],
    ["weak", text.offset + 48],
    ["twice", text.offset + 96],
    ["named@V1", text.offset + 144],
    ["named@@V2", text.offset + 160],
    ["named@V2", text.offset + 160],
    ["elsewhere", other.offset + 4],
  ];
  for (const [name, offset] of found) assert.equal(findFunction(elf, name).offset, offset, name);
  const refused: readonly [name: string, message: RegExp][] = [
    ["two", /program has several functions two/],
    ["data", /program has no function data$/],
    ["imported", /only imports the function imported; attach to the library that defines it/],
    ["indirect", /indirect is an indirect function/],
    ["named@V3", /program has no function named@V3/],
    ["elswhere", /program has no function elswhere; it has elsewhere$/],
    ["WEAK", /it has weak/],
  ];
  for (const [name, message] of refused) {
    assert.throws(
      () => findFunction(elf, name),
      (error) => error instanceof UsageError && message.test(error.message),
      name,
    );
  }
  assert.deepEqual(
    matchingFunctions(elf, "t*").map(({ name, offset }) => [name, offset - text.offset]),
    [
      ["two", 64],
      ["two", 80],
      ["twice", 96],
    ],
  );
  assert.throws(() => matchingFunctions(elf, "nothing*"), /no function that matches nothing\*/);
  assert.throws(() => findFunction(parseElf(buildElf({ sections }), "stripped"), "x"), /stripped has no symbols/);
});

test("a function is where its segment puts it, whatever section its symbol names", () => {
  const data = Uint8Array.from(readFileSync("test/link/probe/usdt/target-moved"));
  const elf = parseElf(data, "program");
  const table = elf.sections.find(({ type }) => type === SectionType.SHT_SYMTAB);
  const symbol = elf.symbols && [...elf.symbols].find(({ name }) => name === "probes");
  assert.ok(table && symbol);
  const { offset } = findFunction(elf, "probes");
  const view = new DataView(data.buffer);
  const sectionAt = table.offset + 24 * symbol.index + 6;
  for (const { index } of elf.sections.slice(1)) {
    view.setUint16(sectionAt, index, true);
    const stale = parseElf(data, "program");
    assert.equal(findFunction(stale, "probes").offset, offset, `section ${index}`);
    assert.deepEqual(matchingFunctions(stale, "prob?s"), [{ name: "probes", offset }], `section ${index}`);
  }
  // An address that no code is loaded to is no place for a probe.
  view.setBigUint64(sectionAt + 2, 0x2000n, true);
  assert.throws(() => findFunction(parseElf(data, "program"), "probes"), /program has no function probes/);
});

test("USDTs of a program, and the segments that they are in", () => {
  for (const name of ["target-fixed", "target-moved"]) {
    const data = readFileSync(`test/link/probe/usdt/${name}`);
    const elf = parseElf(data, name);
    const notes = readUsdtNotes(elf);
    assert.deepEqual(
      notes.map((note) => [note.provider, note.name, note.arguments, note.semaphore !== 0]),
      [
        ["bpfts", "plain", "", false],
        ["bpfts", "values", "8@%rax -4@%ebx 2@%cx -1@%al -4@$-42 -8@8(%rdi) 8@8(%rdi,%r8,8) 8@(%rdi)", false],
        ["bpfts", "twice", "4@%edx", false],
        ["bpfts", "twice", "4@%esi", false],
        ["bpfts", "guarded", "4@$9", true],
      ],
    );
    for (const { address, semaphore } of notes) {
      const segment = segmentAt(elf.segments, address);
      assert.ok(segment && (segment.flags & SegmentFlag.PF_X) !== 0);
      // The probed instruction is a nop.
      assert.equal(data[address - segment.address + segment.offset], 0x90);
      if (semaphore !== 0) assert.ok(((segmentAt(elf.segments, semaphore)?.flags ?? 0) & SegmentFlag.PF_W) !== 0);
    }
    assert.ok(elf.segments.some(({ type }) => type === SegmentType.PT_LOAD));
    assert.equal(segmentAt(elf.segments, 2 ** 40), undefined);
  }
});

test("a damaged program gives values or a BpfError, nothing else", () => {
  const good = readFileSync("test/link/probe/usdt/target-moved");
  const attempt = (data: Uint8Array): void => {
    try {
      const elf = parseElf(data, "damaged");
      readUsdtNotes(elf);
      void elf.segments;
      findFunction(elf, "probes@V1");
    } catch (error) {
      assert.ok(error instanceof BpfError, String(error));
    }
  };
  for (let length = 0; length < good.length; length += 3) attempt(good.subarray(0, length));
  // Bytes of the headers, and of the notes, set to values that make sizes and offsets wild.
  const notes = parseElf(good, "good").sections.find(({ type }) => type === SectionType.SHT_NOTE);
  assert.ok(notes);
  const places = [
    ...Array.from({ length: 64 }, (_, i) => i),
    ...Array.from({ length: notes.size }, (_, i) => notes.offset + i),
    ...Array.from({ length: 1200 }, (_, i) => good.length - 1 - i),
  ];
  for (const at of places) {
    for (const value of [0, 0x7f, 0xff]) {
      const bad = Uint8Array.from(good);
      bad[at] = value;
      attempt(bad);
    }
  }
});
