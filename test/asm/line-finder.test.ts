import assert from "node:assert/strict";
import { test } from "node:test";
import { jitedLineRanges, type LineRange, lineFinder } from "../../src/asm/index.ts";

test("a line shows once, at the first place at or behind it", () => {
  const find = lineFinder<bigint>([0x10n, 0x18n, 0x40n]);
  assert.deepEqual(
    [0x0fn, 0x10n, 0x14n, 0x1an, 0x20n, 0x40n, 0x50n].map((place) => find(place)),
    [undefined, 0, undefined, 1, undefined, 2, undefined],
  );
});

test("no lines, no answer", () => {
  assert.equal(lineFinder<number>([])(0), undefined);
});

test("a long table of lines at one place takes linear time", () => {
  const find = lineFinder(new Array<number>(200_000).fill(0));
  for (let slot = 0; slot < 200_000; slot++) assert.equal(find(slot), 199_999);
});

const f = { address: 0x1000n, length: 0x20 };
const g = { address: 0x800n, length: 0x10 };
const RANGES: readonly (readonly [string, readonly bigint[], readonly (typeof f)[], LineRange[] | undefined])[] = [
  ["one function", [0x1000n, 0x1008n], [f], [{ first: 0, count: 2 }]],
  ["lines behind the last function's end", [0x1000n, 0x1008n, 0x1001n], [f], [{ first: 0, count: 3 }]],
  [
    "two functions, the second at a lower address",
    [0x1000n, 0x101fn, 0x800n, 0x804n],
    [f, g],
    [
      { first: 0, count: 2 },
      { first: 2, count: 2 },
    ],
  ],
  ["the first line is not the function's start", [0x1001n], [f], undefined],
  ["a function without lines, as an exception callback's", [0x1000n, 0x1008n], [f, g], undefined],
  ["a line outside its function", [0x1000n, 0x1020n, 0x800n], [f, g], undefined],
  ["lines going down within a function", [0x1000n, 0x1008n, 0x1008n, 0x800n], [f, g], undefined],
  ["nothing at all", [], [f], undefined],
];
for (const [name, addresses, functions, expected] of RANGES) {
  test(`jited lines: ${name}`, () => assert.deepEqual(jitedLineRanges(addresses, functions), expected));
}
