import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { parseBtfExt } from "../../src/btf/index.ts";
import { FormatError } from "../../src/errors/index.ts";
import { everyKind } from "./samples.ts";

interface Records {
  readonly size: number;
  readonly sections: readonly { readonly name: number; readonly records: readonly (readonly number[])[] }[];
}

/** A `.BTF.ext` of three lists. */
function encode(lists: readonly Records[], little: boolean, headerLength = 32): Uint8Array {
  const bodies = lists.map(({ size, sections }) => {
    const words = sections.length === 0 ? [] : [size];
    for (const { name, records } of sections) words.push(name, records.length, ...records.flat());
    return words;
  });
  const data = new Uint8Array(headerLength + 4 * bodies.flat().length);
  const view = new DataView(data.buffer);
  view.setUint16(0, 0xeb9f, little);
  view.setUint8(2, 1);
  view.setUint32(4, headerLength, little);
  let at = headerLength;
  bodies.forEach((words, i) => {
    if (12 + 8 * i < headerLength) {
      view.setUint32(8 + 8 * i, at - headerLength, little);
      view.setUint32(12 + 8 * i, 4 * words.length, little);
    }
    for (const word of words) {
      view.setUint32(at, word, little);
      at += 4;
    }
  });
  return data;
}

const FUNCS: Records = {
  size: 8,
  sections: [
    {
      name: 5,
      records: [
        [0, 3],
        [16, 4],
      ],
    },
  ],
};
// One word more than we know of.
const LINES: Records = {
  size: 20,
  sections: [
    { name: 5, records: [[8, 1, 2, (7 << 10) | 3, 99]] },
    { name: 9, records: [[0, 1, 1, 1024, 0]] },
  ],
};

describe("parseBtfExt", () => {
  const { btf, ids } = everyKind();
  const text = btf.nameOffset(ids.event as number);
  const core: Records = { size: 16, sections: [{ name: 5, records: [[24, ids.event as number, text, 1]] }] };
  for (const little of [true, false]) {
    test(`reads ${little ? "little" : "big"}-endian records, also at an odd address`, () => {
      const data = encode([FUNCS, LINES, core], little);
      const moved = new Uint8Array(data.length + 1);
      moved.set(data, 1);
      for (const bytes of [data, moved.subarray(1)]) {
        const ext = parseBtfExt(bytes);
        assert.equal(ext.little, little);
        assert.deepEqual(
          ext.funcInfos.map((s) => [s.nameOffset, s.count, s.recordSize]),
          [[5, 2, 8]],
        );
        assert.deepEqual(ext.funcInfos[0]?.funcInfo(1), { slot: 2, typeId: 4 });
        assert.deepEqual(
          ext.lineInfos.map((s) => [s.nameOffset, s.count, s.recordSize]),
          [
            [5, 1, 20],
            [9, 1, 20],
          ],
        );
        assert.deepEqual(ext.lineInfos[0]?.lineInfo(0), {
          slot: 1,
          fileNameOffset: 1,
          lineOffset: 2,
          line: 7,
          column: 3,
        });
        assert.equal(ext.lineInfos[0]?.word(0, 4), 99);
        assert.deepEqual(ext.coreRelocations[0]?.coreRelocation(0, btf), {
          slot: 3,
          typeId: ids.event,
          accessString: "event",
          kind: 1,
        });
        assert.throws(() => ext.funcInfos[0]?.funcInfo(2), RangeError);
      }
    });
  }

  test("an old header has no CO-RE list", () => {
    assert.deepEqual(parseBtfExt(encode([FUNCS, LINES], true, 24)).coreRelocations, []);
    assert.equal(parseBtfExt(encode([FUNCS, { size: 16, sections: [] }], true)).lineInfos.length, 0);
  });

  const wrong: [string, Uint8Array, RegExp][] = [
    ["no magic", new Uint8Array(40), /magic/],
    ["a record that is too small", encode([{ ...FUNCS, size: 4 }], true), /at least 8/],
    ["a record size that is odd", encode([{ ...FUNCS, size: 10 }], true), /10 bytes/],
    ["a count of zero", encode([{ size: 8, sections: [{ name: 1, records: [] }] }], true), /0 function records/],
    ["half an instruction", encode([{ size: 8, sections: [{ name: 1, records: [[4, 1]] }] }], true), /no instruction/],
    ["more records than bytes", encode([{ ...FUNCS, size: 16 }], true), /do not fit/],
  ];
  for (const [what, data, message] of wrong) {
    test(`refuses ${what}`, () => {
      assert.throws(
        () => parseBtfExt(data),
        (error) => error instanceof FormatError && message.test(error.message),
      );
    });
  }

  test("a type that is not there is an error of its record", () => {
    const ext = parseBtfExt(
      encode([FUNCS, LINES, { size: 16, sections: [{ name: 1, records: [[0, 999, 0, 0]] }] }], true),
    );
    assert.throws(() => ext.coreRelocations[0]?.coreRelocation(0, btf), FormatError);
  });

  test("prefixes and damage give a value or a FormatError", () => {
    const data = encode([FUNCS, LINES, core], true);
    const attempt = (bytes: Uint8Array): void => {
      try {
        parseBtfExt(bytes);
      } catch (error) {
        assert.ok(error instanceof FormatError, String(error));
      }
    };
    for (let length = 0; length < data.length; length++) attempt(data.slice(0, length));
    fc.assert(
      fc.property(fc.nat(data.length - 1), fc.nat(255), fc.nat(data.length - 1), fc.nat(255), (a, x, b, y) => {
        const bytes = data.slice();
        bytes[a] = x;
        bytes[b] = y;
        attempt(bytes);
      }),
      { numRuns: 3000 },
    );
  });
});
