import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  assemble,
  decodeInstructions,
  encodeInstructions,
  formatInstruction,
  type Instruction,
  ldImm64,
  mov,
  r1,
  swapInstructions,
} from "../../src/asm/index.ts";
import { FormatError, UsageError } from "../../src/errors/index.ts";
import { LD_IMM64 } from "../../src/uapi/index.ts";

const fields = {
  dst: fc.nat(15),
  src: fc.nat(15),
  off: fc.integer({ min: -0x8000, max: 0x7fff }),
};
const oneSlot: fc.Arbitrary<Instruction> = fc
  .record({
    op: fc.nat(255).filter((op) => op !== LD_IMM64),
    ...fields,
    imm: fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff }),
  })
  .map((instruction) => ({ ...instruction }));
const twoSlots: fc.Arbitrary<Instruction> = fc
  .record({ op: fc.constant(LD_IMM64), ...fields, imm64: fc.bigInt(0n, (1n << 64n) - 1n) })
  .map((instruction) => ({ ...instruction, imm: Number(BigInt.asIntN(32, instruction.imm64)) }));
const program = fc.array(fc.oneof({ weight: 4, arbitrary: oneSlot }, twoSlots), { maxLength: 40 });

test("decoding gives back what was encoded, in both byte orders", () => {
  fc.assert(
    fc.property(program, fc.boolean(), (list, little) => {
      assert.deepEqual(decodeInstructions(encodeInstructions(list, little), little), list);
    }),
  );
});

test("swapping is encoding in the other byte order", () => {
  fc.assert(
    fc.property(program, (list) => {
      const little = encodeInstructions(list, true);
      assert.deepEqual(swapInstructions(little), encodeInstructions(list, false));
      assert.deepEqual(swapInstructions(swapInstructions(little)), little);
    }),
  );
});

test("any bytes decode or give a FormatError; what decodes can be encoded and printed", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.boolean(), (bytes, little) => {
      let list: Instruction[];
      try {
        list = decodeInstructions(bytes, little);
      } catch (error) {
        assert.ok(error instanceof FormatError && error.offset !== undefined && error.offset <= bytes.length);
        return;
      }
      assert.deepEqual(encodeInstructions(list, little), bytes);
      for (const instruction of list) assert.match(formatInstruction(instruction), /^(\([0-9a-f]{2}\) \S|BUG_)/);
    }),
    { numRuns: 1000 },
  );
});

test("views into a larger buffer are read in their place", () => {
  const buffer = new Uint8Array(64);
  buffer.set(assemble([mov(r1, 7)]), 13);
  assert.deepEqual(decodeInstructions(buffer.subarray(13, 21)), [mov(r1, 7)]);
});

const wide = assemble([mov(r1, 7), ldImm64(r1, 1n)]);
const dirty = wide.slice();
dirty[17] = 1;
const HOSTILE: readonly (readonly [string, Uint8Array, number, RegExp])[] = [
  ["an odd length", wide.subarray(0, 11), 8, /multiple of 8/],
  ["an ld_imm64 without its second slot", wide.subarray(0, 16), 8, /the second slot of ld_imm64 is missing/],
  ["a second slot with registers", dirty, 16, /the second slot of ld_imm64 must be zero apart from its immediate/],
];
for (const [name, bytes, offset, problem] of HOSTILE) {
  test(`refuses ${name}`, () => {
    assert.throws(
      () => decodeInstructions(bytes, true, "bad.o"),
      (error) =>
        error instanceof FormatError &&
        error.source === "bad.o" &&
        error.offset === offset &&
        problem.test(error.problem),
    );
  });
}

test("every prefix decodes or gives a FormatError", () => {
  for (let length = 0; length < wide.length; length++) {
    try {
      decodeInstructions(wide.subarray(0, length));
    } catch (error) {
      assert.ok(error instanceof FormatError);
    }
  }
});

const move: Instruction = mov(r1, 7);
const UNFIT: readonly Instruction[] = [
  { ...move, op: 256 },
  { ...move, dst: 16 },
  { ...move, src: -1 },
  { ...move, off: 0x8000 },
  { ...move, imm: 0x8000_0000 },
  { ...move, imm: 0.5 },
  { ...move, op: LD_IMM64 },
  { ...move, op: LD_IMM64, imm64: 8n },
  { ...move, op: LD_IMM64, imm64: -1n, imm: -1 },
];
test("refuses to encode fields that do not fit", () => {
  for (const instruction of UNFIT) assert.throws(() => encodeInstructions([instruction]), UsageError);
});
