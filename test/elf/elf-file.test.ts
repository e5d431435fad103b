import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { parseElf, SectionFlag, SectionType, SymbolType } from "../../src/elf/index.ts";
import { FormatError } from "../../src/errors/index.ts";
import { buildElf, relocationBytes } from "./build-elf.ts";

const shapes = [
  { bits: 64, little: true },
  { bits: 64, little: false },
  { bits: 32, little: true },
  { bits: 32, little: false },
] as const;

for (const shape of shapes) {
  test(`a ${shape.bits}-bit ${shape.little ? "little" : "big"}-endian file reads back as it was built`, () => {
    const relocations = [
      { offset: 8, symbol: 2, type: 10 },
      { offset: 24, symbol: 1, type: 1 },
    ];
    const file = parseElf(
      buildElf({
        ...shape,
        sections: [
          { name: "xdp", flags: SectionFlag.SHF_EXECINSTR, data: new Uint8Array(32).fill(7) },
          { name: ".bss", type: SectionType.SHT_NOBITS, size: 123456 },
          { name: ".relxdp", type: SectionType.SHT_REL, data: relocationBytes(relocations, shape), link: 4, info: 1 },
          {
            name: ".relaxdp",
            type: SectionType.SHT_RELA,
            data: relocationBytes([{ offset: 4, symbol: 1, type: 2, addend: -5 }], shape),
          },
        ],
        symbols: [
          { name: "prog", value: 8, size: 24, type: SymbolType.STT_FUNC, section: 1 },
          { name: "counter", value: 16, size: 4, type: SymbolType.STT_OBJECT, visibility: 2, binding: 2, section: 2 },
        ],
      }),
      "file.o",
    );
    assert.deepEqual([file.bits, file.little, file.type, file.machine], [shape.bits, shape.little, 1, 247]);
    assert.deepEqual(
      file.sections.map((s) => s.name),
      ["", "xdp", ".bss", ".relxdp", ".relaxdp", ".symtab", ".strtab", ".shstrtab"],
    );
    const [, xdp, bss, rel, rela] = file.sections;
    assert.ok(xdp && bss && rel && rela);
    assert.deepEqual(file.contents(xdp), new Uint8Array(32).fill(7));
    assert.equal(xdp.flags, SectionFlag.SHF_EXECINSTR);
    assert.deepEqual([bss.size, file.contents(bss).length], [123456, 0]);
    assert.deepEqual(
      file.relocations(rel),
      relocations.map((r) => ({ ...r, addend: 0 })),
    );
    assert.deepEqual(file.relocations(rela), [{ offset: 4, symbol: 1, type: 2, addend: -5 }]);
    assert.deepEqual([...(file.symbols ?? [])].slice(1), [
      { index: 1, name: "prog", value: 8, size: 24, type: 2, binding: 1, visibility: 0, section: 1 },
      { index: 2, name: "counter", value: 16, size: 4, type: 1, binding: 2, visibility: 2, section: 2 },
    ]);
  });
}

test("the executable of Node itself is read", { skip: process.platform !== "linux" }, () => {
  const file = parseElf(readFileSync(process.execPath), "node");
  assert.ok((file.dynamicSymbols?.length ?? 0) > 10);
  let functions = 0;
  for (const symbol of file.dynamicSymbols ?? [])
    if (symbol.type === SymbolType.STT_FUNC && symbol.name !== "") functions++;
  // Debian's is a few functions around a library.
  assert.ok(functions > 0);
});

const good = buildElf({ sections: [{ name: "a", data: new Uint8Array(16) }], symbols: [{ name: "s", section: 1 }] });
function changed(...bytes: [at: number, value: number][]): Uint8Array {
  const out = good.slice();
  for (const [at, value] of bytes) out[at] = value;
  return out;
}
const refused: readonly [what: string, data: Uint8Array, message: RegExp][] = [
  ["an empty file", new Uint8Array(0), /^file\.o: the file is empty$/],
  [
    "a text",
    new TextEncoder().encode("#!/bin/sh\necho hello\n"),
    /^file\.o: this is not an ELF file: it begins with the text "#!\/bin\/sh\\necho /,
  ],
  ["another format", Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d), /begins with the bytes 89 50 4e 47$/],
  ["four bytes", good.slice(0, 4), /the file is truncated: an ELF header needs 52 bytes, but there are 4$/],
  ["half a header", good.slice(0, 40), /the file is truncated: an ELF header needs 64 bytes, but there are 40$/],
  [
    "half a file",
    good.slice(0, good.length - 100),
    /at offset 0x[0-9a-f]+: the table of 5 section headers needs 320 bytes/,
  ],
  ["a strange class", changed([4, 3]), /ELF class 3/],
  ["a strange byte order", changed([5, 0]), /byte order 0/],
  ["a future version", changed([6, 9]), /ELF version 9/],
  ["small section headers", changed([58, 8]), /section headers of 8 bytes/],
  ["names in no section", changed([62, 200]), /section 200 has the section names, but the file has only 5/],
  ["sections beyond 2^53", changed([45, 255], [46, 255], [47, 255]), /first section header needs 64 bytes/],
];
for (const [what, data, message] of refused) {
  test(`${what} is refused`, () => {
    assert.throws(
      () => parseElf(data, "file.o"),
      (error) => error instanceof FormatError && message.test(error.message),
    );
  });
}

test("what is wrong with a section is said when its bytes are asked for", () => {
  const file = parseElf(
    buildElf({
      sections: [
        { name: "long", size: 2 ** 40 },
        { name: "packed", flags: SectionFlag.SHF_COMPRESSED, data: new Uint8Array(24) },
        { name: ".relx", type: SectionType.SHT_REL, data: new Uint8Array(20) },
      ],
    }),
    "file.o",
  );
  const [, long, packed, rel] = file.sections;
  assert.ok(long && packed && rel);
  assert.throws(() => file.contents(long), /section long of 1099511627776 bytes ends past the end of the file/);
  assert.throws(() => file.contents(packed), /^FormatError: file\.o: section packed: compressed/);
  assert.throws(
    () => file.relocations(rel),
    /file\.o: section \.relx at offset 0x10: the last relocation is incomplete: the section/,
  );
  assert.throws(() => file.section(99, "a test"), /a test refers to section 99, but the file has only 7/);
});

test("every prefix gives a file or a FormatError", () => {
  for (let length = 0; length <= good.length; length++) {
    try {
      const file = parseElf(good.subarray(0, length), "file.o");
      for (const section of file.sections) file.contents(section);
      for (const symbol of file.symbols ?? []) assert.equal(typeof symbol.name, "string");
    } catch (error) {
      assert.ok(error instanceof FormatError, String(error));
    }
  }
});

test("names that overlap end in an error, not in quadratic time", () => {
  const count = 20_000;
  const names = new Uint8Array(count + 1).fill(0x61);
  names[count] = 0;
  const symbols = new Uint8Array(24 * count);
  const view = new DataView(symbols.buffer);
  for (let i = 0; i < count; i++) view.setUint32(24 * i, i, true);
  const file = parseElf(
    buildElf({
      sections: [
        { name: "s", type: SectionType.SHT_SYMTAB, data: symbols, link: 2, entrySize: 24 },
        { name: "n", type: SectionType.SHT_STRTAB, data: names },
      ],
    }),
    "file.o",
  );
  const { symbols: table } = file;
  assert.throws(() => [...(table ?? [])], /overlap/);
});
