import assert from "node:assert/strict";
import { test } from "node:test";
import {
  Btf,
  BtfBuilder,
  BtfKind,
  type CoreRelocation,
  CoreRelocationKind,
  CoreRelocator,
  dedupBtf,
  diffBtf,
  findNames,
  formatC,
  formatRaw,
  mergeBtf,
} from "../../src/btf/index.ts";
import { FormatError } from "../../src/errors/index.ts";
import { assertBounded } from "../support/bounded.ts";

const TEXT = 400_000;
const COUNT = 30_000;

/** A BTF of these words, and strings that are one text of many equal characters. */
function blob(words: readonly number[], text: string): Uint8Array {
  const strings = new TextEncoder().encode(`\0${text}\0`);
  const data = new Uint8Array(24 + 4 * words.length + strings.length);
  const view = new DataView(data.buffer);
  view.setUint16(0, 0xeb9f, true);
  view.setUint8(2, 1);
  view.setUint32(4, 24, true);
  view.setUint32(12, 4 * words.length, true);
  view.setUint32(16, 4 * words.length, true);
  view.setUint32(20, strings.length, true);
  for (const [i, word] of words.entries()) view.setUint32(24 + 4 * i, word, true);
  data.set(strings, 24 + 4 * words.length);
  return data;
}

const info = (kind: number, vlen = 0): number => kind * 2 ** 24 + vlen;

/** Types of no members whose names begin at each byte of the text. */
function types(name: (i: number) => number): number[] {
  return Array.from({ length: COUNT }, (_, i) => [name(i), info(BtfKind.STRUCT), 0]).flat();
}

/** Runs work that may end with a FormatError, but not take long. */
function inShort(what: string, work: () => void): void {
  assertBounded(what, 3000, () => {
    try {
      work();
    } catch (error) {
      assert.ok(error instanceof FormatError, `${what}: ${String(error)}`);
    }
  });
}

test("names that begin at every byte of a long text are refused, not decoded", () => {
  const members = Array.from({ length: COUNT }, (_, i) => [1 + i, 1, 8 * i]).flat();
  const words = [1, info(BtfKind.INT), 1, 8, 1, info(BtfKind.STRUCT, COUNT), COUNT, ...members];
  inShort("decoding a struct", () => {
    assert.throws(
      () => Btf.parse(blob(words, "a".repeat(TEXT))).type(2),
      /overlap so much that reading them would take too long/,
    );
  });
  inShort("decoding all types", () => {
    const btf = Btf.parse(
      blob(
        types((i) => 1 + i),
        "a".repeat(TEXT),
      ),
    );
    for (const id of btf.ids()) btf.type(id);
  });
});

test("no search for a name takes long", () => {
  const text = "a".repeat(TEXT);
  for (const [what, offset] of [
    ["names that overlap", (i: number) => 1 + i],
    ["names that are the same", () => 1],
  ] as const) {
    for (const name of [text, text.slice(COUNT), text.slice(TEXT / 2)]) {
      const open = (): Btf => Btf.parse(blob(types(offset), text));
      inShort(`find among ${what}`, () => void open().find(name, BtfKind.INT));
      inShort(`findByEssentialName among ${what}`, () => void open().findByEssentialName(name));
      inShort(`findByEssentialNames among ${what}`, () => void open().findByEssentialNames([name]));
      inShort(`fifty searches among ${what}`, () => {
        const btf = open();
        for (let i = 0; i < 50; i++) btf.find(name, BtfKind.INT);
      });
      inShort(`three hundred names among ${what}`, () => {
        const names = Array.from({ length: 300 }, (_, i) => name.slice(i));
        open().findByEssentialNames(names);
      });
    }
  }
  const flavours = "a___b".repeat(TEXT / 5);
  inShort("flavours that overlap", () => {
    Btf.parse(
      blob(
        types((i) => 1 + 5 * i),
        flavours,
      ),
    ).findByEssentialName("a");
  });
});

test("a long name that many types have is refused by every pass over all types", () => {
  const text = "a".repeat(TEXT);
  const members = Array.from({ length: COUNT }, () => [1, 1, 0]).flat();
  const values = Array.from({ length: COUNT }, (_, i) => [1 + i, i]).flat();
  const inputs = [
    types(() => 1),
    types((i) => 1 + i),
    [1, info(BtfKind.INT), 4, 32, 1, info(BtfKind.STRUCT, COUNT), 4, ...members],
    [1, info(BtfKind.ENUM, COUNT), 4, ...values],
  ];
  for (const words of inputs) {
    const btf = Btf.parse(blob(words, text));
    const refused = { name: "FormatError", message: /overlap so much that reading them would take too long/ };
    assert.throws(() => formatC(btf), refused);
    assert.throws(() => formatC(btf, { sorted: false }), refused);
    assert.throws(() => formatRaw(btf), refused);
    assert.throws(() => [...findNames(btf, "*b*")], refused);
    assert.throws(() => diffBtf(btf, btf), refused);
    assert.throws(() => mergeBtf([btf]), refused);
    assert.throws(() => dedupBtf(btf), refused);
  }
});

test("a name of 500 bytes that many types have is printed", () => {
  const btf = Btf.parse(
    blob(
      types(() => 1),
      "a".repeat(500),
    ),
  );
  assert.equal([...findNames(btf, "a*")].length, COUNT);
  assert.equal(formatRaw(btf, { roots: [1] }), `[1] STRUCT '${"a".repeat(500)}' size=0 vlen=0\n`);
});

test("adding strings to a BTF with many takes time for each once", () => {
  const builder = new BtfBuilder();
  for (let i = 0; i < COUNT; i++) builder.append({ kind: "struct", name: `name_${i}`, size: 0, members: [] });
  const base = Btf.parse(builder.encode());
  const split = new BtfBuilder({ base });
  inShort("a split BTF", () => {
    for (let i = 0; i < COUNT; i++) split.addString(`name_${i}`);
    assert.equal(split.addString("name_7"), base.nameOffset(8));
    for (let i = 0; i < COUNT; i++) split.addString(`new_${i}`);
  });
});

test("CO-RE relocations of types with long names do not take long", () => {
  const text = `${"a".repeat(TEXT - 10)}___flavour`;
  // A struct with members that all have the longest name, and as many relocations for it.
  const members = Array.from({ length: 1000 }, () => [1, 1, 0]).flat();
  const words = [1, info(BtfKind.INT), 4, 32, 1, info(BtfKind.STRUCT, 1000), 4, ...members];
  const btf = Btf.parse(blob(words, text));
  const relocations: CoreRelocation[] = [];
  for (let slot = 0; slot < 5000; slot++) {
    const kind =
      [CoreRelocationKind.BPF_CORE_FIELD_BYTE_OFFSET, CoreRelocationKind.BPF_CORE_TYPE_MATCHES][slot % 2] ?? 0;
    relocations.push({ slot, typeId: 2, kind, accessString: kind === 0 ? `0:${slot % 1000}` : "0" });
  }
  inShort("relocating", () => {
    const relocator = new CoreRelocator(btf, { main: Btf.parse(blob(words, text)) });
    relocator.prepare(relocations);
    for (const relocation of relocations) relocator.resolve(relocation);
  });
  inShort("a long access string", () => {
    const relocator = new CoreRelocator(btf, { main: btf });
    const accessString = `${"0".repeat(300_000)}:0`;
    for (let slot = 0; slot < 20_000; slot++) {
      assert.throws(() => relocator.resolve({ slot, typeId: 2, kind: 0, accessString }), FormatError);
    }
  });
});
