import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { applyCoreRelocation, type CoreResult } from "../../../src/btf/index.ts";
import { FormatError } from "../../../src/errors/index.ts";

const PLAIN: CoreResult = {
  poison: false,
  original: 8n,
  value: 16n,
  validate: true,
  originalSize: 0,
  size: 0,
  failSizeChange: false,
  reason: undefined,
  text: "<byte_off> [1] struct s.a (0:0 @ offset 8)",
  target: undefined,
};

/** One slot: opcode, registers, offset, immediate. */
function slot(little: boolean, opcode: number, registers: number, offset: number, immediate: number): number[] {
  const view = new DataView(new ArrayBuffer(8));
  view.setUint8(0, opcode);
  // Destination and source are the low and the high nibble, or the other way round.
  view.setUint8(1, little ? registers : ((registers & 0xf) << 4) | (registers >> 4));
  view.setInt16(2, offset, little);
  view.setInt32(4, immediate, little);
  return [...new Uint8Array(view.buffer)];
}

type Words = readonly [opcode: number, registers: number, offset: number, immediate: number];
const POISON: Words = [0x85, 0, 0, 0xbad2310];

/** Patches slot 0 of `before` and gives what has become of it, or the error. */
function patch(before: readonly Words[], change: Partial<CoreResult>, little: boolean): number[] | FormatError {
  const bytes = new Uint8Array(before.flatMap((words) => slot(little, ...words)));
  const unchanged = bytes.slice();
  try {
    applyCoreRelocation(new DataView(bytes.buffer), 0, { ...PLAIN, ...change }, little, "p");
  } catch (error) {
    assert.ok(error instanceof FormatError);
    assert.deepEqual(bytes, unchanged, "an error leaves the instructions alone");
    return error;
  }
  return [...bytes];
}

const cases: readonly [what: string, before: Words[], change: Partial<CoreResult>, after: Words[] | RegExp][] = [
  ["mov64 imm", [[0xb7, 1, 0, 8]], {}, [[0xb7, 1, 0, 16]]],
  ["add32 imm", [[0x04, 1, 0, 8]], {}, [[0x04, 1, 0, 16]]],
  [
    "a negative enumerator",
    [[0xb7, 1, 0, -1]],
    { original: 2n ** 64n - 1n, value: 2n ** 64n - 2n },
    [[0xb7, 1, 0, -2]],
  ],
  ["an unexpected immediate", [[0xb7, 1, 0, 9]], {}, /the value 8 by 16, but the instruction contains 9$/],
  ["an unexpected immediate that is not validated", [[0xb7, 1, 0, 9]], { validate: false }, [[0xb7, 1, 0, 16]]],
  ["ALU of a register", [[0xbf, 0x21, 0, 8]], {}, /the ALU instruction has no immediate operand to replace/],
  ["a load", [[0x61, 0x21, 8, 0]], {}, [[0x61, 0x21, 16, 0]]],
  ["a sign-extending load", [[0x81, 0x21, 8, 0]], {}, [[0x81, 0x21, 16, 0]]],
  ["a store", [[0x63, 0x21, 8, 0]], {}, [[0x63, 0x21, 16, 0]]],
  ["a store of an immediate", [[0x62, 1, 8, 5]], {}, [[0x62, 1, 16, 5]]],
  ["a load that narrows", [[0x79, 0x21, 8, 0]], { originalSize: 8, size: 4 }, [[0x61, 0x21, 16, 0]]],
  ["a load that widens", [[0x71, 0x21, 8, 0]], { originalSize: 1, size: 2 }, [[0x69, 0x21, 16, 0]]],
  ["a sign-extending load that widens", [[0x91, 0x21, 8, 0]], { originalSize: 1, size: 4 }, [[0x81, 0x21, 16, 0]]],
  [
    "a load of another width",
    [[0x61, 0x21, 8, 0]],
    { originalSize: 8, size: 4 },
    /the instruction loads or stores 4 bytes, but the field has 8 bytes$/,
  ],
  [
    "a width that no load has",
    [[0x79, 0x21, 8, 0]],
    { originalSize: 8, size: 3 },
    /no instruction loads or stores 3 bytes/,
  ],
  ["an offset that is too far", [[0x61, 0x21, 8, 0]], { value: 32768n }, /32768 does not fit/],
  ["the furthest offset", [[0x61, 0x21, 8, 0]], { value: 32767n }, [[0x61, 0x21, 32767, 0]]],
  ["a load that may not change its width", [[0x79, 0x21, 8, 0]], { failSizeChange: true }, [POISON]],
  ["an offset alone where the width changed", [[0xb7, 1, 0, 8]], { failSizeChange: true }, [[0xb7, 1, 0, 16]]],
  [
    "a 64-bit immediate",
    [
      [0x18, 1, 0, 8],
      [0, 0, 0, 0],
    ],
    { value: 0x1_0000_0002n },
    [
      [0x18, 1, 0, 2],
      [0, 0, 0, 1],
    ],
  ],
  [
    "an unexpected high half",
    [
      [0x18, 1, 0, 8],
      [0, 0, 0, 1],
    ],
    {},
    /the value 8 by 16, but the instruction contains 4294967304$/,
  ],
  [
    "a 64-bit immediate of a map",
    [
      [0x18, 0x11, 0, 8],
      [0, 0, 0, 0],
    ],
    {},
    /incomplete, or it does not load a plain number$/,
  ],
  [
    "a 64-bit immediate with a strange second half",
    [
      [0x18, 1, 0, 8],
      [0, 1, 0, 0],
    ],
    {},
    /incomplete, or it does not load a plain number$/,
  ],
  ["half a 64-bit immediate", [[0x18, 1, 0, 8]], {}, /incomplete, or it does not load a plain number$/],
  ["a legacy packet load", [[0x20, 0, 0, 8]], {}, /incomplete, or it does not load a plain number$/],
  ["a jump", [[0x15, 1, 8, 8]], {}, /an instruction with opcode 0x15 cannot be relocated/],
  ["poison", [[0x61, 0x21, 99, 3]], { poison: true }, [POISON]],
  [
    "poison in both slots",
    [
      [0x18, 0x21, 1, 9],
      [0, 0, 0, 7],
    ],
    { poison: true },
    [POISON, POISON],
  ],
  ["poison in half a 64-bit immediate", [[0x18, 0x21, 1, 9]], { poison: true }, [POISON]],
];

for (const little of [true, false]) {
  describe(little ? "little-endian" : "big-endian", () => {
    for (const [what, before, change, after] of cases) {
      test(what, () => {
        const result = patch(before, change, little);
        if (after instanceof RegExp) {
          assert.ok(result instanceof FormatError);
          assert.match(result.message, after);
        } else {
          assert.deepEqual(
            result,
            after.flatMap((words) => slot(little, ...words)),
          );
        }
      });
    }
  });
}

test("a slot outside the program is refused", () => {
  const view = new DataView(new ArrayBuffer(20));
  for (const outside of [2, -1, 0.5, Number.NaN, 2 ** 60])
    assert.throws(() => applyCoreRelocation(view, outside, PLAIN, true, "p"), /outside the program, which has 2 slots/);
});
